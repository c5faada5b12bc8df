//! FIRST's [Exploit Prediction Scoring System](https://www.first.org/epss/data_stats): CSV of CVE, score, percentile.

use seawall_model::Epss;

use super::common::{is_cve, is_named, text, title};
use super::{Sink, Source, SourceError};

/// The EPSS scores.
#[derive(Debug)]
pub(super) struct EpssScores;

impl Source for EpssScores {
    fn id(&self) -> &'static str {
        "epss"
    }

    fn about(&self) -> &'static str {
        "The probability that a CVE is exploited within 30 days, published daily by FIRST."
    }

    fn docs(&self) -> &'static str {
        "https://www.first.org/epss/data_stats"
    }

    fn recognises(&self, container: &str) -> bool {
        is_named(container, &["epss_scores*"])
    }

    fn read(&self, member: &str, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), SourceError> {
        let mut lines = text(bytes)?.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
        if lines.next().map(str::trim) != Some("cve,epss,percentile") {
            return Err(SourceError::Incomplete("the header line is not `cve,epss,percentile`"));
        }
        for line in lines {
            match entry(line) {
                Some((cve, epss)) => sink.epss(cve, epss),
                None => sink.unknown(member, format!("line `{}`", title(line))),
            }
        }
        Ok(())
    }
}

fn entry(line: &str) -> Option<(&str, Epss)> {
    let mut parts = line.trim_end().split(',');
    let cve = parts.next().filter(|c| is_cve(c))?;
    let mut share = || parts.next()?.parse::<f32>().ok().filter(|v| (0.0..=1.0).contains(v));
    let epss = Epss { score: share()?, percentile: share()? };
    parts.next().is_none().then_some((cve, epss))
}
