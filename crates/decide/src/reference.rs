use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cel::types::ObjectType;
use crate::cel::{FUNCTIONS, ParamKind};
use crate::schema::{FINDING_SCOPE, IMAGE_SCOPE, OBJECTS, PACKAGE_SCOPE, REPORT_SCOPE};

/// The reference of what conditions can name, in Markdown, from the same declarations that conditions are checked
/// against: the variables of each kind of rule, the fields of each object, the functions. docs/reference/policy.md holds
/// it, and a test holds it there.
pub fn reference() -> String {
    let mut out = String::from("### Variables\n\n");
    for scope in [&FINDING_SCOPE, &PACKAGE_SCOPE, &IMAGE_SCOPE, &REPORT_SCOPE] {
        let names: Vec<String> = scope.fields.iter().map(|f| format!("`{}`", f.name)).collect();
        let _ = writeln!(out, "- `{}`: {}", scope.name, names.join(", "));
    }
    out.push('\n');
    table(&mut out, &REPORT_SCOPE);
    for object in OBJECTS {
        let _ = writeln!(out, "\n### {}\n", object.name);
        table(&mut out, object);
    }
    out.push_str("\n### Functions\n\n| function | gives |\n| --- | --- |\n");
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for function in FUNCTIONS {
        let mut params = function.params.iter().map(|p: &ParamKind| p.ty().to_string());
        let receiver =
            if function.method { params.next().map(|r| format!("{r}.")).unwrap_or_default() } else { String::new() };
        let params: Vec<String> = params.collect();
        let form = format!("`{receiver}{}({})`", function.name, params.join(", "));
        lines.entry(format!("{} {}", function.name, function.result.ty())).or_default().push(form);
    }
    for (key, forms) in lines {
        let gives = key.split_once(' ').map_or("", |(_, gives)| gives);
        let _ = writeln!(out, "| {} | {gives} |", forms.join(", "));
    }
    out.push_str("| `string.matches(\"pattern\")`, `matches(string, \"pattern\")` | bool |\n");
    out
}

fn table(out: &mut String, object: &ObjectType) {
    out.push_str("| field | type | what |\n| --- | --- | --- |\n");
    for field in object.fields {
        let _ = writeln!(out, "| `{}` | {} | {} |", field.name, (field.ty)(), field.doc);
    }
}

#[cfg(test)]
mod tests {
    /// `UPDATE_REFERENCE=1 cargo test -p seawall-decide` writes the tables anew.
    #[test]
    fn the_page_has_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/policy.md");
        #[expect(clippy::disallowed_methods, reason = "a test reads a page of this repository")]
        let page = std::fs::read_to_string(path).expect("docs/reference/policy.md");
        let (begin, end) = ("<!-- reference: begin -->\n", "<!-- reference: end -->");
        let (before, rest) = page.split_once(begin).expect("the begin mark");
        let (held, after) = rest.split_once(end).expect("the end mark");
        let wanted = format!("\n{}\n", super::reference());
        if std::env::var_os("UPDATE_REFERENCE").is_some() {
            std::fs::write(path, format!("{before}{begin}{wanted}{end}{after}")).expect("writable");
        } else {
            assert_eq!(held, wanted, "run with UPDATE_REFERENCE=1");
        }
    }
}
