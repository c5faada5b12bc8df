use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use seawall_model::{Recognition, Scope, UnknownKind};

use super::dotnet_shared::of;
use crate::text::{self, Unread};
use crate::unit::{Cataloger, File, Files, Observer, Want};

/// Reads `packages.config`.
pub(crate) struct DotnetPackagesConfig;

/// Reads centrally managed versions.
pub(crate) struct DotnetPackagesProps;

impl Cataloger for DotnetPackagesConfig {
    fn id(&self) -> &'static str {
        "dotnet-packages-config"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "package lists of classic .NET projects (packages.config)"
    }

    fn specification(&self) -> &'static str {
        "https://learn.microsoft.com/nuget/reference/packages-config"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("packages.config"), need: text::METADATA }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        read(file, seen, &[Form { element: "package", name: &["id"], version: "version" }]);
    }
}

impl Cataloger for DotnetPackagesProps {
    fn id(&self) -> &'static str {
        "dotnet-packages-props"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "centrally managed versions of .NET projects (Directory.Packages.props)"
    }

    fn specification(&self) -> &'static str {
        "https://learn.microsoft.com/nuget/consume-packages/central-package-management"
    }

    fn wants(&self) -> &'static [Want] {
        &[Want { files: Files::Name("Directory.Packages.props"), need: text::METADATA }]
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let form = |element| Form { element, name: &["Include", "Update"], version: "Version" };
        read(file, seen, &[form("PackageVersion"), form("GlobalPackageReference")]);
    }
}

/// Which elements name packages, and by which attributes.
struct Form {
    element: &'static str,
    name: &'static [&'static str],
    version: &'static str,
}

/// The parser keeps no tree and expands no entities of a document's own, so nothing grows with nesting.
fn read(file: &File<'_>, seen: &mut Observer<'_>, forms: &[Form]) {
    let content = text::decode(file.content, seen);
    let mut reader = Reader::from_str(&content);
    let mut unread = Unread::default();
    let mut elements = 0usize;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => break,
            Ok(Event::Start(element) | Event::Empty(element)) => {
                elements = elements.saturating_add(1);
                if let Some(form) = forms.iter().find(|f| element.local_name().as_ref() == f.element) {
                    report(&element, form, &mut unread, seen);
                }
            }
            Ok(_) => {}
            Err(error) => {
                seen.unknown(UnknownKind::Malformed, format_args!("byte {}: {error}", reader.error_position()));
                break;
            }
        }
    }
    if elements == 0 {
        seen.unknown(UnknownKind::Malformed, "not an XML document");
    }
    unread.say(UnknownKind::Unsupported, "package without an exact version", seen);
}

fn report(element: &BytesStart<'_>, form: &Form, unread: &mut Unread, seen: &mut Observer<'_>) {
    let attribute = |wanted: &str| {
        let found = element.attributes().flatten().find(|a| a.key.local_name().as_ref() == wanted)?;
        Some(found.value.trim().to_owned())
    };
    let name = form.name.iter().find_map(|n| attribute(n)).unwrap_or_default();
    let version = attribute(form.version).unwrap_or_default();
    // `[1.2.3]` is exact; `$(Property)`, `1.*` and ranges are not.
    let exact = version.trim_start_matches('[').trim_end_matches(']');
    let starts = exact.starts_with(|c: char| c.is_ascii_digit());
    match of(&name, exact).filter(|_| starts && !exact.contains(['*', ',', '$', '(', ')'])) {
        Some(mut package) => {
            if attribute("developmentDependency").as_deref() == Some("true") {
                package.scope = Scope::Development;
            }
            seen.package(Recognition::Manifest, package);
        }
        None => unread.add(format_args!("{name} {version}")),
    }
}
