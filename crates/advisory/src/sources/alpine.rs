//! Alpine's [secdb](https://secdb.alpinelinux.org/): one JSON document a branch and repository.

use std::collections::BTreeMap;

use seawall_model::{Advisory, FixState};
use serde::Deserialize;

use super::common::{add_id, add_row, finish, fixed_row, is_named, json, whole_row};
use super::text::{Entries, List, Text};
use super::{Sink, Source, SourceError};

/// Alpine's security database.
#[derive(Debug)]
pub(super) struct AlpineSecdb;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Branch<'a> {
    #[serde(borrow)]
    distroversion: Text<'a>,
    #[serde(borrow)]
    packages: List<Item<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Item<'a> {
    #[serde(borrow)]
    pkg: Package<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    secfixes: Entries<'a, List<Text<'a>>>,
}

impl Source for AlpineSecdb {
    fn id(&self) -> &'static str {
        "alpine-secdb"
    }

    fn about(&self) -> &'static str {
        "Alpine's security database: the version of each package that fixes a CVE, for every branch."
    }

    fn docs(&self) -> &'static str {
        "https://secdb.alpinelinux.org/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["alpine-secdb-json", "alpine-secdb"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let branch: Branch<'_> = json(bytes)?;
        if branch.distroversion.is_empty() {
            return Err(SourceError::Incomplete("no distroversion"));
        }
        let stream = format!("alpine:{}", branch.distroversion.trim_start_matches('v'));
        let mut advisories: BTreeMap<String, Advisory> = BTreeMap::new();
        for Item { pkg } in &branch.packages {
            if pkg.name.is_empty() {
                sink.unknown(member, format!("{stream}: a package without a name"));
                continue;
            }
            for (version, ids) in &pkg.secfixes.0 {
                for entry in ids {
                    // `CVE-2019-1 XSA-1`: the names of one vulnerability; remarks in parentheses follow some.
                    let mut names = entry.split_whitespace().take_while(|n| !n.starts_with('('));
                    let Some(id) = names.next().map(|n| n.trim_end_matches(',')) else {
                        sink.unknown(member, format!("{}: a fix without an id in {}", &*pkg.name, &**version));
                        continue;
                    };
                    let advisory =
                        advisories.entry(id.to_owned()).or_insert_with(|| Advisory::new(id, AlpineSecdb.id()));
                    names.for_each(|name| add_id(id, &mut advisory.aliases, name.trim_end_matches(',')));
                    // Version 0 is how a maintainer says that the package never was affected.
                    let row = match version.0.as_ref() {
                        "0" => whole_row(stream.as_str(), &*pkg.name, FixState::NotAffected),
                        version => fixed_row(stream.as_str(), &*pkg.name, version),
                    };
                    add_row(&mut advisory.affected, row);
                }
            }
        }
        advisories.into_values().for_each(|advisory| sink.advisory(finish(advisory)));
        Ok(())
    }
}
