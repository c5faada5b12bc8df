//! What the .NET formats share.

use seawall_model::{Dependency, Ecosystem, Package};

use crate::text::{Map, Text, is_plausible};

/// A package of `name/version`, as the keys of `libraries` are written.
pub(super) fn of_key(key: &str) -> Option<Package> {
    let (name, version) = key.split_once('/')?;
    of(name, version)
}

/// A NuGet package, where both can be one.
pub(super) fn of(name: &str, version: &str) -> Option<Package> {
    (is_plausible(name) && is_plausible(version)).then(|| Package::new(Ecosystem::Nuget, name, version))
}

/// Dependencies by name, with the version that was resolved or asked for.
pub(super) fn dependencies(map: &Map<'_, Text<'_>>) -> Vec<Dependency> {
    let plain = |v: &&str| v.starts_with(|c: char| c.is_ascii_digit()) && !v.contains(',');
    let one = |(name, version): &(std::borrow::Cow<'_, str>, Text<'_>)| Dependency {
        name: name.to_string(),
        version: version.get().filter(plain).map(str::to_owned),
    };
    map.0.iter().filter(|(name, _)| is_plausible(name)).map(one).collect()
}
