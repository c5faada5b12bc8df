//! Which programs an image's layers may have, as a scan took them down elsewhere (`seawall scan --programs -o json=FILE`).

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use seawall_io::read_bounded;
use seawall_model::Digest;
use serde::Deserialize;

/// Largest report, and most reports.
const MAX_REPORT: u64 = 256 << 20;
const MAX_REPORTS: usize = 10_000;

/// Digests of programs by the digest of the layer's tar, which the image's own digest covers.
#[derive(Debug, Default)]
pub(crate) struct Inventories(HashMap<Digest, HashSet<Digest>>);

#[derive(Deserialize)]
struct Report {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    diff_id: Digest,
    programs: Option<Vec<Program>>,
}

#[derive(Deserialize)]
struct Program {
    digest: Digest,
}

impl Inventories {
    /// Reads reports; a folder stands for every `.json` in it.
    ///
    /// # Errors
    /// Which one cannot be read or has no list, and why.
    pub(crate) fn read(paths: &[PathBuf]) -> Result<Self, String> {
        let mut all = Self::default();
        let mut files = Vec::new();
        for path in paths {
            if path.is_dir() {
                let entries = std::fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
                let inside = entries.filter_map(Result::ok).map(|entry| entry.path());
                files.extend(inside.filter(|p| p.extension().is_some_and(|e| e == "json")).take(MAX_REPORTS));
            } else {
                files.push(path.clone());
            }
        }
        if files.len() > MAX_REPORTS {
            return Err(format!("more than {MAX_REPORTS} reports"));
        }
        files.iter().try_for_each(|file| all.add(file).map_err(|e| format!("{}: {e}", file.display())))?;
        Ok(all)
    }

    fn add(&mut self, file: &Path) -> Result<(), String> {
        let bytes = read_bounded(file, MAX_REPORT).map_err(|e| e.to_string())?;
        let report: Report = serde_json::from_slice(&bytes).map_err(|e| format!("it is no report of a scan: {e}"))?;
        if report.layers.is_empty() {
            return Err("it is no report of an image: it has no layers".to_owned());
        }
        for layer in report.layers {
            let hint = "hint: take it down with `seawall scan --programs -o json=FILE IMAGE`";
            let programs = layer.programs.ok_or_else(|| format!("it has no digests of programs\n{hint}"))?;
            self.0.entry(layer.diff_id).or_default().extend(programs.into_iter().map(|program| program.digest));
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The programs that a layer may have; none where no report names the layer.
    pub(super) fn of(&self, layer: Digest) -> Option<&HashSet<Digest>> {
        self.0.get(&layer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_without_programs_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let (layer, program) = (seawall_io::sha256(b"layer"), seawall_io::sha256(b"program"));
        let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).expect("written");
        let digests = format!(r#","programs":[{{"path":"bin/sh","digest":"{program}"}}]"#);
        write("a.json", format!(r#"{{"layers":[{{"diffId":"{layer}"{digests}}}]}}"#));
        let all = Inventories::read(&[folder.path().to_owned()]).expect("read");
        assert!(all.of(layer).is_some_and(|programs| programs.contains(&program)));
        assert!(all.of(program).is_none());
        for (text, reason) in [
            (format!(r#"{{"layers":[{{"diffId":"{layer}"}}]}}"#), "hint: take it down"),
            (r#"{"layers":[]}"#.to_owned(), "has no layers"),
            ("[".to_owned(), "no report"),
        ] {
            write("b.json", text);
            let error = Inventories::read(&[folder.path().to_owned()]).expect_err("refused");
            assert!(error.contains("b.json") && error.contains(reason), "{error}");
        }
    }
}
