//! The words of the model's closed lists, as the committed JSON schema spells them.

use seawall_model::{FixState, FixStepKind, Outcome, Recognition, RelationshipKind, Scope, UnknownKind, WhyNot};

pub(crate) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Allow => "allow",
        Outcome::Warn => "warn",
        Outcome::Deny => "deny",
    }
}

pub(crate) const fn why_not(why: WhyNot) -> &'static str {
    match why {
        WhyNot::NoDatabase => "no-database",
        WhyNot::NotAsked => "not-asked",
        WhyNot::NotBuilt => "not-built",
    }
}

pub(crate) const fn fix_state(state: FixState) -> &'static str {
    match state {
        FixState::Fixed => "fixed",
        FixState::Affected => "affected",
        FixState::WontFix => "wont-fix",
        FixState::Deferred => "deferred",
        FixState::UnderInvestigation => "under-investigation",
        FixState::NotAffected => "not-affected",
    }
}

pub(crate) const fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Unknown => "unknown",
        Scope::Runtime => "runtime",
        Scope::Development => "development",
        Scope::Optional => "optional",
    }
}

pub(crate) const fn step(kind: FixStepKind) -> &'static str {
    match kind {
        FixStepKind::BaseImage => "base-image",
        FixStepKind::Package => "package",
    }
}

pub(crate) const fn relationship(kind: RelationshipKind) -> &'static str {
    match kind {
        RelationshipKind::DependsOn => "depends-on",
        RelationshipKind::ContainedIn => "contained-in",
        RelationshipKind::OwnedBy => "owned-by",
    }
}

pub(crate) const fn unknown(kind: UnknownKind) -> &'static str {
    match kind {
        UnknownKind::Malformed => "malformed",
        UnknownKind::Limit => "limit",
        UnknownKind::Unsupported => "unsupported",
        UnknownKind::Unreadable => "unreadable",
        UnknownKind::NotMatched => "not-matched",
    }
}

pub(crate) const fn recognition(how: Recognition) -> &'static str {
    match how {
        Recognition::PackageDatabase => "package-database",
        Recognition::InstalledMetadata => "installed-metadata",
        Recognition::Lockfile => "lockfile",
        Recognition::Manifest => "manifest",
        Recognition::Archive => "archive",
        Recognition::BuildInformation => "build-information",
        Recognition::VersionString => "version-string",
        Recognition::KnownDigest => "known-digest",
        Recognition::Sbom => "sbom",
    }
}
