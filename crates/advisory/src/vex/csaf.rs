//! [CSAF 2.0](https://docs.oasis-open.org/csaf/csaf/v2.0/csaf-v2.0.html): a product tree with relationships, and for each
//! vulnerability lists of product ids by status.

use std::collections::{BTreeMap, HashMap};

use seawall_model::{VexStatement, VexStatus};
use serde_json::Value;

use super::{Collector, items, text};

/// Branches of the product tree nest this deep at most (the schema of CSAF allows 30).
const MAX_DEPTH: usize = 40;

/// Statuses of `product_status` (section 3.2.3.9) and what they mean. `recommended` says which version to move to, and
/// nothing of one that is there.
const STATUSES: [(&str, VexStatus); 7] = [
    ("known_not_affected", VexStatus::NotAffected),
    ("fixed", VexStatus::Fixed),
    ("first_fixed", VexStatus::Fixed),
    ("known_affected", VexStatus::Affected),
    ("first_affected", VexStatus::Affected),
    ("last_affected", VexStatus::Affected),
    ("under_investigation", VexStatus::UnderInvestigation),
];

pub(super) fn read(name: &str, root: &Value, out: &mut Collector) {
    let document = text(root, &["document", "tracking", "id"]).unwrap_or(name);
    let author = text(root, &["document", "publisher", "name"]).unwrap_or_default();
    let timestamp = text(root, &["document", "tracking", "current_release_date"])
        .or_else(|| text(root, &["document", "tracking", "initial_release_date"]))
        .unwrap_or_default();
    let tree = Tree::read(root);
    for vulnerability in items(root, "vulnerabilities") {
        let mut ids: Vec<String> = text(vulnerability, &["cve"]).map(str::to_owned).into_iter().collect();
        ids.extend(
            items(vulnerability, "ids")
                .iter()
                .filter_map(|id| text(id, &["text"]))
                .filter(|id| is_id(id))
                .map(str::to_owned),
        );
        if ids.is_empty() {
            out.skip("a vulnerability without an id".to_owned());
            continue;
        }
        let why = Why::read(vulnerability, &tree);
        let Some(product_status) = vulnerability.get("product_status") else { continue };
        for (key, status) in STATUSES {
            // By justification and by what contains the component, so that statements stay few: one kernel flaw names ten
            // thousand products.
            let mut groups: BTreeMap<(String, Option<&str>), Vec<String>> = BTreeMap::new();
            for id in items(product_status, key).iter().filter_map(Value::as_str) {
                match tree.resolve(id) {
                    Some((platform, component)) => {
                        groups.entry((why.of(id), platform)).or_default().push(component.to_owned());
                    }
                    None => out.skip(format!("{}: no product is named by purl or CPE", ids.join(", "))),
                }
            }
            for ((justification, platform), mut names) in groups {
                names.sort_unstable();
                names.dedup();
                let (products, subcomponents) = match platform {
                    Some(platform) => (vec![platform.to_owned()], names),
                    None => (names, Vec::new()),
                };
                out.push(VexStatement {
                    vulnerabilities: ids.clone(),
                    products,
                    subcomponents,
                    status,
                    justification,
                    author: author.to_owned(),
                    document: document.to_owned(),
                    timestamp: timestamp.to_owned(),
                });
            }
        }
    }
}

/// Whether a text of `ids` is one that advisories go by, and not the number of a ticket.
fn is_id(text: &str) -> bool {
    text.split_once('-').is_some_and(|(prefix, rest)| {
        prefix.len() >= 2
            && prefix.bytes().all(|b| b.is_ascii_uppercase())
            && rest.bytes().any(|b| b.is_ascii_alphanumeric())
    })
}

/// The products of a document by their ids.
struct Tree<'v> {
    /// Purl, or else CPE.
    names: HashMap<&'v str, &'v str>,
    /// A component as part of a product: product id to (component, product).
    relationships: HashMap<&'v str, (&'v str, &'v str)>,
    groups: HashMap<&'v str, Vec<&'v str>>,
}

impl<'v> Tree<'v> {
    fn read(root: &'v Value) -> Self {
        let mut tree = Self { names: HashMap::new(), relationships: HashMap::new(), groups: HashMap::new() };
        let Some(product_tree) = root.get("product_tree") else { return tree };
        let mut open: Vec<(&Value, usize)> = vec![(product_tree, 0)];
        while let Some((branch, depth)) = open.pop() {
            if let Some(product) = branch.get("product") {
                tree.product(product);
            }
            if depth < MAX_DEPTH {
                open.extend(items(branch, "branches").iter().map(|b| (b, depth + 1)));
            }
        }
        for product in items(product_tree, "full_product_names") {
            tree.product(product);
        }
        for relationship in items(product_tree, "relationships") {
            let Some(full) = relationship.get("full_product_name") else { continue };
            tree.product(full);
            if let (Some(id), Some(component), Some(product)) = (
                text(full, &["product_id"]),
                text(relationship, &["product_reference"]),
                text(relationship, &["relates_to_product_reference"]),
            ) {
                tree.relationships.insert(id, (component, product));
            }
        }
        for group in items(product_tree, "product_groups") {
            if let Some(id) = text(group, &["group_id"]) {
                tree.groups.insert(id, items(group, "product_ids").iter().filter_map(Value::as_str).collect());
            }
        }
        tree
    }

    fn product(&mut self, product: &'v Value) {
        let helper = |key| text(product, &["product_identification_helper", key]);
        if let (Some(id), Some(name)) = (text(product, &["product_id"]), helper("purl").or_else(|| helper("cpe"))) {
            self.names.insert(id, name);
        }
    }

    /// What a product id stands for: the product that contains it, where it is a component of one, and its own name.
    /// `None` where either has no name: a component whose product is not known would be silenced everywhere.
    fn resolve(&self, id: &str) -> Option<(Option<&'v str>, &'v str)> {
        match self.relationships.get(id) {
            Some((component, product)) => {
                let component = self.names.get(component).or_else(|| self.names.get(id)).copied()?;
                // An image is named by its own purl, whatever product it is sold in.
                if component.starts_with("pkg:oci/") || component.starts_with("pkg:docker/") {
                    return Some((None, component));
                }
                // The product may itself be a component of another (a module of a release): the outermost name counts.
                let mut product = *product;
                for _ in 0..8 {
                    match self.relationships.get(product) {
                        Some((_, outer)) => product = outer,
                        None => break,
                    }
                }
                Some((Some(self.names.get(product).copied()?), component))
            }
            None => Some((None, self.names.get(id).copied()?)),
        }
    }
}

/// Why products are not affected: `flags` (a justification word) and `threats` of category `impact` (a sentence).
struct Why<'v> {
    words: HashMap<&'v str, Vec<&'v str>>,
}

impl<'v> Why<'v> {
    fn read(vulnerability: &'v Value, tree: &Tree<'v>) -> Self {
        let mut words: HashMap<&'v str, Vec<&'v str>> = HashMap::new();
        let flags = items(vulnerability, "flags").iter().map(|flag| (flag, text(flag, &["label"])));
        let impacts = items(vulnerability, "threats").iter().filter(|t| text(t, &["category"]) == Some("impact"));
        for (entry, word) in flags.chain(impacts.map(|threat| (threat, text(threat, &["details"])))) {
            let Some(word) = word else { continue };
            let products = items(entry, "product_ids").iter().filter_map(Value::as_str);
            let grouped = items(entry, "group_ids")
                .iter()
                .filter_map(Value::as_str)
                .filter_map(|g| tree.groups.get(g))
                .flatten()
                .copied();
            for id in products.chain(grouped) {
                let known = words.entry(id).or_default();
                if known.len() < 4 {
                    known.push(word);
                }
            }
        }
        Self { words }
    }

    fn of(&self, id: &str) -> String {
        self.words.get(id).map(|words| words.join(": ")).unwrap_or_default()
    }
}
