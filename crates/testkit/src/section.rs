//! Parts of a page that tests make.

use std::path::Path;

/// Compares what stands between `<!-- NAME -->` and `<!-- /NAME -->` with `text`; with SEAWALL_BLESS=1 it is written.
///
/// # Panics
/// The page has no such part, or another text.
pub fn keep_section(page: &Path, name: &str, text: &str) {
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->\n"));
    let whole = std::fs::read_to_string(page).unwrap_or_else(|e| panic!("{}: {e}", page.display()));
    let (before, rest) = whole.split_once(&start).unwrap_or_else(|| panic!("{} lacks {start}", page.display()));
    let (found, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{} lacks {end}", page.display()));
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(page, format!("{before}{start}{text}{end}{after}")).expect("written");
    } else {
        assert_eq!(found, text, "bless {} with SEAWALL_BLESS=1", page.display());
    }
}
