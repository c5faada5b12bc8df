//! PEP 440 specifier sets, as `packaging` judges them with prereleases allowed.
//!
//! `pep440_rs` reads the versions; the operators are judged here, because its `==1.2.*` takes `1` for a match.

use std::cmp::Ordering;

use pep440_rs::Version as Release;

use crate::version::pep440::{self, Pep440};
use crate::version::{Version, VersionError};

use super::refused;

const OPERATORS: &[&str] = &["===", "==", "!=", "~=", "<=", ">=", "<", ">", "="];

pub(super) fn matches(constraint: &str, version: &Version) -> Result<bool, VersionError> {
    let refuse = || refused(version.scheme(), constraint);
    let candidate = pep440::parse(version.as_str()).ok_or_else(refuse)?;
    let mut all = true;
    for clause in constraint.split(',').map(str::trim_ascii).filter(|clause| !clause.is_empty()) {
        let operator = OPERATORS.iter().find(|operator| clause.starts_with(**operator)).ok_or_else(refuse)?;
        let bound = clause.strip_prefix(operator).unwrap_or_default().trim_ascii();
        all &= if *operator == "===" {
            bound.eq_ignore_ascii_case(version.as_str())
        } else {
            holds(operator, bound, &candidate).ok_or_else(refuse)?
        };
    }
    if constraint.is_empty() { Err(refuse()) } else { Ok(all) }
}

fn holds(operator: &str, bound: &str, candidate: &Pep440) -> Option<bool> {
    let equality = matches!(operator, "==" | "=" | "!=");
    if let Some(prefix) = bound.strip_suffix(".*") {
        let (Pep440::Version(prefix), Pep440::Version(candidate)) = (pep440::parse(prefix)?, candidate) else {
            return None;
        };
        let plain = !prefix.any_prerelease() && !prefix.is_post() && prefix.local().is_empty();
        let inside = starts_with(candidate, prefix.epoch(), prefix.release());
        return (equality && plain).then_some(inside == (operator != "!="));
    }
    let bound = pep440::parse(bound)?;
    let (limit, version) = match (&bound, candidate) {
        (Pep440::Version(limit), Pep440::Version(version)) => (limit, version),
        // What is not PEP 440 has its place in the order, and nothing more.
        _ => return plain(operator, candidate.order(&bound)),
    };
    // A local label counts only against a bound that names one.
    let public = version.clone().without_local();
    Some(match operator {
        "==" | "=" | "!=" => {
            let compared = if limit.local().is_empty() { &public } else { version };
            (compared == limit) == (operator != "!=")
        }
        "<=" => public <= *limit,
        ">=" => public >= *limit,
        // The prereleases of the bound itself are not below it, unless it is one.
        "<" if limit.any_prerelease() => version < limit,
        "<" => *version < limit.clone().without_local().with_dev(Some(0)),
        ">" => is_after(version, limit)?,
        "~=" => {
            let (_, kept) = limit.release().split_last().filter(|(_, kept)| !kept.is_empty())?;
            public >= *limit && starts_with(version, limit.epoch(), kept)
        }
        _ => return None,
    })
}

/// `>`: neither the post-releases nor the local versions of the bound itself come after it.
fn is_after(version: &Release, limit: &Release) -> Option<bool> {
    let public = limit.clone().without_local();
    if let Some(dev) = limit.dev() {
        return Some(*version >= public.with_dev(Some(dev.checked_add(1)?)));
    }
    if let Some(post) = limit.post() {
        return Some(*version >= public.with_post(Some(post.checked_add(1)?)).with_dev(Some(0)));
    }
    let same_release = limit.epoch() == version.epoch()
        && order_release(limit.release(), version.release()).is_eq()
        && limit.pre() == version.pre();
    Some(version > limit && !(same_release && (version.is_post() || version.is_local())))
}

fn plain(operator: &str, order: Ordering) -> Option<bool> {
    Some(match operator {
        "==" | "=" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        _ => return None,
    })
}

/// Whether the release starts with these numbers, missing ones being zero.
fn starts_with(version: &Release, epoch: u64, prefix: &[u64]) -> bool {
    let numbers = version.release().iter().chain(std::iter::repeat(&0));
    version.epoch() == epoch && prefix.iter().zip(numbers).all(|(want, have)| want == have)
}

fn order_release(a: &[u64], b: &[u64]) -> Ordering {
    let length = a.len().max(b.len());
    let padded = |numbers: &[u64]| numbers.iter().copied().chain(std::iter::repeat(0)).take(length).collect::<Vec<_>>();
    padded(a).cmp(&padded(b))
}
