//! [endoflife.date](https://endoflife.date/) product pages: Markdown with YAML front matter.

use seawall_model::EndOfLife;
use serde::Deserialize;

use super::common::{is_named, text, yaml};
use super::text::{List, Text};
use super::{Sink, Source, SourceError};

/// endoflife.date's products.
#[derive(Debug)]
pub(super) struct EndOfLifeDates;

/// Where a page says only that support has ended, not when.
const LONG_AGO: &str = "0001-01-01";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    #[serde(borrow)]
    releases: List<Release<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Release<'a> {
    #[serde(borrow)]
    release_cycle: Text<'a>,
    #[serde(borrow)]
    eol: Text<'a>,
    #[serde(borrow)]
    eoes: Text<'a>,
    #[serde(borrow)]
    latest: Text<'a>,
}

impl Source for EndOfLifeDates {
    fn id(&self) -> &'static str {
        "endoflife"
    }

    fn about(&self) -> &'static str {
        "Support dates of operating systems and runtimes, from endoflife.date."
    }

    fn docs(&self) -> &'static str {
        "https://endoflife.date/"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["endoflife-products", "endoflife.date"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        // Everything else in the archive is the site: its pages, posts, layouts and what contributors should know.
        // Pages lie in `products`, or directly in a folder of nothing else.
        let (folder, name) = member.rsplit_once('/').unwrap_or(("", member));
        let of_products = folder == "products" || folder.ends_with("/products");
        let Some(product) = name.strip_suffix(".md").filter(|_| of_products || folder.is_empty()) else {
            return Ok(());
        };
        let text = text(bytes)?;
        let Some((front, _)) = text.strip_prefix("---").and_then(|t| t.split_once("\n---")) else {
            return if of_products { Err(SourceError::Incomplete("no front matter")) } else { Ok(()) };
        };
        let page: Page<'_> = yaml(front)?;
        if page.releases.is_empty() {
            return if of_products { Err(SourceError::Incomplete("no releases")) } else { Ok(()) };
        }
        for release in &page.releases {
            if release.release_cycle.is_empty() {
                sink.unknown(member, "a release without a cycle".to_owned());
                continue;
            }
            match (end(&release.eol), end(&release.eoes)) {
                (Ok(end), Ok(extended_end)) => sink.end_of_life(EndOfLife {
                    product: product.to_owned(),
                    cycle: release.release_cycle.to_string(),
                    end,
                    extended_end,
                    latest: Some(release.latest.to_string()).filter(|l| !l.is_empty()),
                }),
                (Err(date), _) | (_, Err(date)) => {
                    sink.unknown(member, format!("cycle {}: date `{date}`", &*release.release_cycle));
                }
            }
        }
        Ok(())
    }
}

/// A date, or whether it has ended.
fn end(value: &str) -> Result<Option<String>, String> {
    match value {
        "" | "false" => Ok(None),
        "true" => Ok(Some(LONG_AGO.to_owned())),
        date if date.parse::<jiff::civil::Date>().is_ok() => Ok(Some(date.to_owned())),
        other => Err(other.to_owned()),
    }
}
