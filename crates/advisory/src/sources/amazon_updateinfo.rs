//! Amazon Linux security advisories as the repositories carry them: `updateinfo.xml`
//! ([format](https://github.com/rpm-software-management/createrepo_c)).

use seawall_model::{Advisory, Severity};

use super::amazon::{package, stream_of};
use super::common::{add_id, add_row, finish, is_named, text, title};
use super::xml::{Node, attribute, walk};
use super::{Sink, Source, SourceError};

/// Amazon's `updateinfo.xml`.
#[derive(Debug)]
pub(super) struct AmazonUpdateinfo;

impl Source for AmazonUpdateinfo {
    fn id(&self) -> &'static str {
        "amazon-updateinfo"
    }

    fn about(&self) -> &'static str {
        "Amazon Linux security advisories as updateinfo.xml, the form that the repositories carry."
    }

    fn docs(&self) -> &'static str {
        "https://alas.aws.amazon.com/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["amazon-updateinfo", "amazon-*-updateinfo"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut current: Option<Advisory> = None;
        let (mut collection, mut skipped) = (String::new(), false);
        let mut result: Vec<Result<Advisory, String>> = Vec::new();
        walk(text(bytes)?, &mut |node| match node {
            Node::Open("update", _) => {
                current = Some(Advisory::new("", AmazonUpdateinfo.id()));
                skipped = false;
            }
            Node::Close("update", _) => match current.take() {
                Some(advisory) if advisory.id.is_empty() => result.push(Err("an update without an id".to_owned())),
                Some(advisory) => result.push(Ok(finish(advisory))),
                None => {}
            },
            node => {
                let Some(advisory) = current.as_mut() else { return };
                match node {
                    Node::Close("id", value) => advisory.id = value.to_owned(),
                    Node::Close("title", value) => advisory.title = title(value),
                    Node::Close("severity", value) => {
                        advisory.severity = Severity::from_word(value).unwrap_or_default();
                    }
                    Node::Open("issued", a) => advisory.published = attribute(a, "date").to_owned(),
                    Node::Open("updated", a) => advisory.modified = attribute(a, "date").to_owned(),
                    Node::Open("reference", a) => {
                        advisory.references.push(attribute(a, "href").to_owned());
                        if attribute(a, "type") == "cve" {
                            add_id(&advisory.id, &mut advisory.related, attribute(a, "id"));
                        }
                    }
                    Node::Open("collection", a) => collection = attribute(a, "short").to_owned(),
                    Node::Open("package", a) => {
                        let parts = ["name", "epoch", "version", "release"].map(|name| attribute(a, name));
                        match package(stream_of(&advisory.id), &collection, parts) {
                            Ok(Some(row)) => add_row(&mut advisory.affected, row),
                            Ok(None) => {}
                            Err(reason) if !skipped => {
                                skipped = true;
                                result.push(Err(format!("{}: {reason}", advisory.id)));
                            }
                            Err(_) => {}
                        }
                    }
                    _ => {}
                }
            }
        })?;
        for item in result {
            match item {
                Ok(advisory) => sink.advisory(advisory),
                Err(reason) => sink.unknown(member, reason),
            }
        }
        Ok(())
    }
}
