//! A unified diff that adds lines at the end of a file.

use std::fmt::Write;

/// Lines that are shown before the added ones.
const CONTEXT: usize = 3;

/// The file's text with an addition at its end, and the unified diff between the two.
pub fn appended(name: &str, text: &str, addition: &str) -> (String, String) {
    let ends = text.is_empty() || text.ends_with('\n');
    let new = format!("{text}{}{addition}", if ends { "" } else { "\n" });
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.len().saturating_sub(CONTEXT);
    let shown = lines.len() - from;
    let added = addition.lines().count();
    let start = if lines.is_empty() { 0 } else { from + 1 };
    let mut out = format!("--- {name}\n+++ {name}\n@@ -{start},{shown} +{},{} @@\n", from + 1, shown + added);
    for (number, line) in lines.iter().enumerate().skip(from) {
        if !ends && number + 1 == lines.len() {
            let _ = writeln!(out, "-{line}\n\\ No newline at end of file\n+{line}");
        } else {
            let _ = writeln!(out, " {line}");
        }
    }
    for line in addition.lines() {
        let _ = writeln!(out, "+{line}");
    }
    (new, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_file_is_shown_with_what_is_added() {
        let (new, diff) = appended("r.yaml", "a\nb\nc\nd\n", "e\n");
        assert_eq!(new, "a\nb\nc\nd\ne\n");
        assert_eq!(diff, "--- r.yaml\n+++ r.yaml\n@@ -2,3 +2,4 @@\n b\n c\n d\n+e\n");
        let (new, diff) = appended("r.yaml", "a", "e\n");
        assert_eq!(new, "a\ne\n");
        assert_eq!(diff, "--- r.yaml\n+++ r.yaml\n@@ -1,1 +1,2 @@\n-a\n\\ No newline at end of file\n+a\n+e\n");
        assert!(appended("r.yaml", "", "e\n").1.contains("@@ -0,0 +1,1 @@\n+e\n"));
    }
}
