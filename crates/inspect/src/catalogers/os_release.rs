//! Which operating system this is: os-release, and the release files of systems that are older than it.
//!
//! A root may hold several of them. Each is reported on its own, with its path as evidence, and the one whose
//! [`os_release_rank`] is lowest counts: os-release beats every older file, `/etc` beats `/usr/lib`, a distribution's
//! own file beats one that its relatives also carry (CentOS has `etc/redhat-release`, Ubuntu has `etc/debian_version`).
//! Specification: <https://www.freedesktop.org/software/systemd/man/latest/os-release.html>.

mod legacy;

use seawall_model::{OperatingSystem, UnknownKind};

use crate::unit::{Cataloger, File, Files, Need, Observation, Observer, Want};

/// How a file is written.
#[derive(Clone, Copy)]
enum Form {
    /// `KEY=value` with `ID`.
    OsRelease,
    /// The version alone, of Alpine.
    Alpine,
    /// The version or the codename alone, of Debian.
    Debian,
    /// `Product release 1.2 (Codename)`.
    Line,
    /// `KEY=value` with `DISTRIB_ID`.
    Lsb,
}

/// Every file, the one that counts most first.
const FILES: [(&str, Form); 19] = [
    ("etc/os-release", Form::OsRelease),
    ("usr/lib/os-release", Form::OsRelease),
    ("etc/alpine-release", Form::Alpine),
    ("etc/almalinux-release", Form::Line),
    ("etc/rocky-release", Form::Line),
    ("etc/oracle-release", Form::Line),
    ("etc/centos-release", Form::Line),
    ("etc/fedora-release", Form::Line),
    ("etc/azurelinux-release", Form::Line),
    ("etc/mariner-release", Form::Line),
    ("etc/photon-release", Form::Line),
    ("etc/SuSE-release", Form::Line),
    ("etc/system-release", Form::Line),
    ("etc/redhat-release", Form::Line),
    ("usr/lib/system-release", Form::Line),
    ("etc/lsb-release", Form::Lsb),
    ("usr/lib/lsb-release", Form::Lsb),
    ("etc/debian_version", Form::Debian),
    ("usr/lib/debian_version", Form::Debian),
];

/// The order in which release files count: of several, the lowest rank is the operating system.
pub(crate) fn os_release_rank(path: &str) -> u8 {
    FILES.iter().position(|(known, _)| *known == path).and_then(|at| u8::try_from(at).ok()).unwrap_or(u8::MAX)
}

const WANTS: [Want; FILES.len()] = {
    let mut wants = [Want { files: Files::Path(""), need: Need::Content(64 << 10) }; FILES.len()];
    let mut at = 0;
    while at < FILES.len() {
        wants[at].files = Files::Path(FILES[at].0);
        at += 1;
    }
    wants
};

/// Reads os-release and its forerunners.
pub(super) struct OsRelease;

impl Cataloger for OsRelease {
    fn id(&self) -> &'static str {
        "os-release"
    }

    fn version(&self) -> u32 {
        1
    }

    fn about(&self) -> &'static str {
        "Reads which operating system this is from os-release, or from the release file of an older system."
    }

    fn specification(&self) -> &'static str {
        "https://www.freedesktop.org/software/systemd/man/latest/os-release.html"
    }

    fn wants(&self) -> &'static [Want] {
        &WANTS
    }

    fn catalog(&self, file: &File<'_>, seen: &mut Observer<'_>) {
        let Some((_, form)) = FILES.get(usize::from(os_release_rank(file.path))) else { return };
        let text = String::from_utf8_lossy(file.content);
        let os = match form {
            Form::OsRelease => os_release(&text),
            Form::Alpine => legacy::alpine(&text),
            Form::Debian => legacy::debian(&text),
            Form::Line => legacy::line(&text),
            Form::Lsb => legacy::lsb(&text),
        };
        match os {
            Some(os) => seen.observe(Observation::OperatingSystem(os)),
            // An empty placeholder (base images for bind mounts) and an lsb-release that only lists modules say nothing.
            None if text.trim().is_empty() || matches!(form, Form::Lsb) => {}
            None => seen.unknown(UnknownKind::Malformed, "names no operating system"),
        }
    }
}

/// An operating system of which only these are known.
fn named(id: &str, version_id: &str) -> OperatingSystem {
    OperatingSystem {
        id: id.to_ascii_lowercase(),
        id_like: Vec::new(),
        version_id: version_id.to_owned(),
        codename: None,
        pretty_name: None,
        cpe: None,
        variant_id: None,
        repositories: Vec::new(),
    }
}

fn os_release(text: &str) -> Option<OperatingSystem> {
    let mut os = named("", "");
    for (key, value) in assignments(text) {
        let some = Some(value.clone()).filter(|v| !v.is_empty());
        match key {
            "ID" => os.id = value.to_ascii_lowercase(),
            "ID_LIKE" => os.id_like = value.split_whitespace().map(str::to_ascii_lowercase).collect(),
            "VERSION_ID" => os.version_id = value,
            "VERSION_CODENAME" => os.codename = some,
            "PRETTY_NAME" => os.pretty_name = some,
            "CPE_NAME" => os.cpe = some,
            "VARIANT_ID" => os.variant_id = some,
            _ => {}
        }
    }
    (!os.id.is_empty()).then_some(os)
}

/// The `KEY=value` lines of a file that a shell could read; the last of one key counts, as in a shell.
fn assignments(text: &str) -> impl Iterator<Item = (&str, String)> {
    text.trim_start_matches('\u{feff}').lines().filter_map(|line| {
        let line = line.trim();
        if line.starts_with('#') {
            return None;
        }
        let (key, value) = line.split_once('=')?;
        Some((key.trim(), unquote(value.trim())))
    })
}

/// A value without its quotes; a backslash keeps the next character, but not within single quotes.
fn unquote(value: &str) -> String {
    let (quote, inner) = match value.chars().next() {
        Some(q @ ('"' | '\'')) => (Some(q), value.get(1..).unwrap_or_default()),
        _ => (None, value),
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        match c {
            c if Some(c) == quote => break,
            '\\' if quote != Some('\'') => out.extend(chars.next()),
            c => out.push(c),
        }
    }
    out.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn os_release_beats_older_files_and_own_files_beat_shared_ones() {
        let order = [
            "etc/os-release",
            "usr/lib/os-release",
            "etc/centos-release",
            "etc/redhat-release",
            "etc/lsb-release",
            "etc/debian_version",
            "etc/unheard-of",
        ];
        assert!(order.windows(2).all(|w| os_release_rank(w[0]) < os_release_rank(w[1])));
    }

    #[test]
    fn values_lose_their_quotes() {
        for (from, to) in [
            ("12", "12"),
            ("\"12\"", "12"),
            ("'a b'", "a b"),
            (r#""say \"x\" \$y""#, "say \"x\" $y"),
            (r"'a\b'", r"a\b"),
            ("\"open", "open"),
            ("\"\"", ""),
            ("\\", ""),
        ] {
            assert_eq!(unquote(from), to, "{from}");
        }
    }
}
