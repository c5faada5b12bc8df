//! What both written forms of SPDX 2.2 and 2.3 mean ([2.3](https://spdx.github.io/spdx-spec/v2.3/)).

use std::collections::HashSet;

use seawall_model::UnknownKind;

use super::component::{Component, Meaning};
use super::draft::{Draft, Edge};
use super::json::Few;
use crate::text::Text;

/// Elements that are kept until it is known which of them the document describes.
const MAX_PENDING: usize = 10_000;
/// The element that stands for the document.
const DOCUMENT: &str = "SPDXRef-DOCUMENT";

/// An SPDX document that is being read.
pub(super) struct Spdx<'d> {
    pub(super) draft: &'d mut Draft,
    /// What is no package of a kind that we know: perhaps it is what the document describes.
    pending: Vec<Component>,
    described: HashSet<String>,
}

/// An SPDX package, as both forms write it.
#[derive(Default)]
pub(super) struct Element {
    pub(super) component: Component,
    pub(super) declared: String,
    pub(super) concluded: String,
    pub(super) source_info: String,
    pub(super) comment: String,
    pub(super) purpose: String,
    /// Texts of annotations and attributions: some tools put their own properties there, `Name: value`.
    pub(super) notes: Vec<String>,
}

impl<'d> Spdx<'d> {
    pub(super) fn new(draft: &'d mut Draft) -> Self {
        Self { draft, pending: Vec::new(), described: HashSet::new() }
    }

    /// An element has been read.
    pub(super) fn element(&mut self, element: Element) {
        let component = element.into_component();
        let is_sure = component.kind == "operating-system"
            || (!component.purl.is_empty() && matches!(component.meaning(), Meaning::Package(_)));
        if !is_sure && self.pending.len() < MAX_PENDING {
            self.pending.push(component);
        } else {
            let slot = self.draft.open(None);
            self.draft.close(slot, &component);
        }
    }

    /// One relation. Those between files, of which there may be a hundred thousand, do not matter here.
    pub(super) fn relation(&mut self, from: &str, kind: &str, to: &str, comment: &str) {
        let is_file = |id: &str| id.starts_with("SPDXRef-File-");
        if is_file(from) || is_file(to) || to == "NONE" || to == "NOASSERTION" {
            return;
        }
        let (first, second, edge) = match kind {
            "DESCRIBES" if from == DOCUMENT => return self.describes(to),
            "DESCRIBED_BY" if to == DOCUMENT => return self.describes(from),
            "DEPENDS_ON" => (from, to, Edge::DependsOn),
            "CONTAINS" if from != DOCUMENT => (to, from, Edge::ContainedIn),
            "CONTAINED_BY" if to != DOCUMENT => (from, to, Edge::ContainedIn),
            "OTHER" if comment.starts_with("its files are owned by") => (from, to, Edge::OwnedBy),
            // Syft's relation goes the other way round.
            "OTHER" if comment.starts_with("ownership-by-file-overlap") => (to, from, Edge::OwnedBy),
            kind if kind.ends_with("DEPENDENCY_OF") => (to, from, Edge::DependsOn),
            _ => return,
        };
        let (first, second) = (self.draft.reference(first), self.draft.reference(second));
        self.draft.edge(first, second, edge);
    }

    pub(super) fn describes(&mut self, id: &str) {
        if self.described.len() < MAX_PENDING {
            self.described.insert(id.to_owned());
        }
    }

    /// The document's own comment: what its maker could not look at.
    pub(super) fn comment(&mut self, comment: &str) {
        if let Some(properties) = properties(comment) {
            for (name, value) in properties {
                self.draft.document_property(&name, &value);
            }
        } else if let Some(rest) = comment.trim().strip_prefix("Not looked at: ") {
            self.draft.unknown("", UnknownKind::Unreadable, rest);
        }
    }

    /// The document has ended.
    pub(super) fn finish(mut self) {
        for component in std::mem::take(&mut self.pending) {
            let is_described = self.described.contains(&component.reference);
            let is_package = is_described && component.purl.is_empty() && component.kind == "library";
            let slot = self.draft.open(None);
            if is_described && !is_package {
                self.draft.subject(slot, &component);
                // The target itself is no package, and its place is not needed.
                self.draft.close(slot, &Component { kind: "file".to_owned(), ..Component::default() });
            } else {
                self.draft.close(slot, &component);
            }
        }
    }
}

impl Element {
    fn into_component(mut self) -> Component {
        let mut component = std::mem::take(&mut self.component);
        component.kind = match self.purpose.replace('_', "-").as_str() {
            "" => String::new(),
            "OPERATING-SYSTEM" => "operating-system".to_owned(),
            purpose => purpose.to_ascii_lowercase(),
        };
        let is_said = |text: &&String| !matches!(text.trim(), "" | "NOASSERTION" | "NONE");
        if let Some(licence) = [&self.declared, &self.concluded].into_iter().find(is_said) {
            conjuncts(licence).into_iter().for_each(|part| component.add_licence(part));
        }
        let vendor = component.vendor.trim();
        component.vendor = ["Organization: ", "Person: "]
            .iter()
            .find_map(|prefix| vendor.strip_prefix(prefix))
            .map(|name| name.trim_end_matches("()").trim().to_owned())
            .unwrap_or_default();
        for (name, value) in properties(&self.comment).into_iter().flatten() {
            component.add_property(&name, &value);
        }
        for (name, value) in self.notes.iter().filter_map(|note| note.split_once(": ")) {
            component.add_property(&format!("aquasecurity:trivy:{name}"), value);
        }
        component.description = self.source_info.clone();
        source_info(&self.source_info, &mut component);
        component
    }
}

/// Properties in a comment: a JSON list of `name=value`.
fn properties(comment: &str) -> Option<Vec<(String, String)>> {
    let list: Few<Text<'_>> = comment.trim().starts_with('[').then(|| serde_json::from_str(comment).ok())??;
    let pairs = list.0.iter().filter_map(|text| text.or_empty().split_once('='));
    Some(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// What tools say in words: Seawall `lockfile by ID from PATH in layer DIGEST; …`, Syft `acquired package info from …:
/// /path, /path`, Trivy `built package from: NAME VERSION`.
fn source_info(text: &str, component: &mut Component) {
    if let Some((name, version)) = text.strip_prefix("built package from: ").and_then(|t| t.trim().split_once(' ')) {
        component.add_property("seawall:source:name", name);
        component.add_property("seawall:source:version", version);
    } else if let Some((_, paths)) = text.strip_prefix("acquired package info from ").and_then(|t| t.split_once(": ")) {
        for path in paths.split(", ") {
            component.add_occurrence(path, "");
        }
    } else {
        for seen in text.split("; ") {
            if let Some((_, place)) = seen.split_once(" by ").and_then(|(_, rest)| rest.split_once(" from ")) {
                let (path, layer) = place.rsplit_once(" in layer ").unwrap_or((place, ""));
                component.add_occurrence(path, layer);
            }
        }
    }
}

/// The parts of an expression that hold together (`MIT AND (ISC OR BSD-3-Clause)` has two): a package that declares two
/// licences is under both ([annex D](https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/)). An expression
/// that cannot be split so is one part.
fn conjuncts(expression: &str) -> Vec<&str> {
    let expression = expression.trim();
    let mut parts = Vec::new();
    let (mut depth, mut start, mut word) = (0_usize, 0_usize, 0_usize);
    let mut is_choice = false;
    for (at, c) in expression.char_indices().chain([(expression.len(), ' ')]) {
        if c != ' ' && c != '(' && c != ')' {
            continue;
        }
        match expression.get(word..at) {
            Some("AND") if depth == 0 => {
                parts.extend(expression.get(start..word));
                start = at;
            }
            Some("OR") if depth == 0 => is_choice = true,
            _ => {}
        }
        match c {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        word = at.saturating_add(1);
    }
    parts.extend(expression.get(start..));
    if is_choice || depth != 0 {
        return vec![expression];
    }
    let bare = |part: &'_ str| -> Option<(usize, usize)> {
        let inner = part.strip_prefix('(')?.strip_suffix(')')?;
        (!inner.contains(['(', ')'])).then_some((1, part.len().checked_sub(1)?))
    };
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| bare(part).and_then(|(from, to)| part.get(from..to)).unwrap_or(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_split_where_both_hold() {
        assert_eq!(conjuncts("MIT"), ["MIT"]);
        assert_eq!(conjuncts("MIT AND (ISC OR BSD-3-Clause)"), ["MIT", "ISC OR BSD-3-Clause"]);
        assert_eq!(conjuncts("MIT OR ISC AND BSD-3-Clause"), ["MIT OR ISC AND BSD-3-Clause"]);
        assert_eq!(conjuncts("(MIT AND ISC) AND Zlib"), ["MIT AND ISC", "Zlib"]);
        assert_eq!(conjuncts("(MIT AND"), ["(MIT AND"]);
        assert_eq!(
            conjuncts("GPL-2.0-only WITH Classpath-exception-2.0"),
            ["GPL-2.0-only WITH Classpath-exception-2.0"]
        );
        assert_eq!(conjuncts(""), Vec::<&str>::new());
        assert_eq!(conjuncts("ä AND ) AND b"), ["ä", ")", "b"]);
    }
}
