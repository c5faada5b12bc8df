//! Names of lists that are followed by their answers, as `ebpf/names.bpf.c` reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use aya::maps::{HashMap, Map, MapData};
use seawall_decide::RuntimePolicy;

use super::lists::{Use, uses};
use crate::SensorError;
use crate::kernel::error_chain;

/// Bytes of struct name_key.
const NAME: usize = 256;
/// Uses that one name may have.
const USES: usize = 64;
/// Bytes of struct name_uses.
const ALL_USES: usize = 4 + USES * 8;

/// The name itself, and names below it.
const ITSELF: u8 = 1;
const BELOW: u8 = 2;

/// The pinned maps.
pub(super) struct Names {
    names: HashMap<MapData, [u8; NAME], u32>,
    uses: HashMap<MapData, u32, [u8; ALL_USES]>,
    servers: HashMap<MapData, [u8; 16], u32>,
}

fn failed(error: aya::maps::MapError) -> SensorError {
    SensorError::Load(error_chain(&error))
}

impl Names {
    /// None where no program of names was taken.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, SensorError> {
        if !folder.join("NAMES").exists() {
            return Ok(None);
        }
        let map = |name: &str| MapData::from_pin(folder.join(name)).map(Map::HashMap).map_err(failed);
        Ok(Some(Self {
            names: HashMap::try_from(map("NAMES")?).map_err(failed)?,
            uses: HashMap::try_from(map("USES")?).map_err(failed)?,
            servers: HashMap::try_from(map("SERVERS")?).map_err(failed)?,
        }))
    }

    /// Follows the names of these entries; what is there goes on meanwhile. What cannot be followed whole is returned.
    pub(super) fn follow<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p RuntimePolicy>,
    ) -> Result<Vec<String>, SensorError> {
        let mut wanted: BTreeMap<[u8; NAME], (&str, BTreeSet<Use>)> = BTreeMap::new();
        for (name, one) in policies.flat_map(uses) {
            if let Some(key) = key(name) {
                wanted.entry(key).or_insert_with(|| (name, BTreeSet::new())).1.insert(one);
            }
        }
        let there: BTreeMap<[u8; NAME], u32> = self.names.iter().filter_map(Result::ok).collect();
        let mut taken: BTreeSet<u32> = there.values().copied().collect();
        let mut faults = Vec::new();
        for (key, (name, all)) in &wanted {
            let number = there.get(key).copied().unwrap_or_else(|| free(key, &mut taken));
            if all.len() > USES {
                faults.push(format!("{name} has {} ports and lists, and is followed for {USES} of them", all.len()));
            }
            // What it is used for is there before anything leads to it.
            self.uses.insert(number, value(all), 0).map_err(failed)?;
            self.names.insert(key, number, 0).map_err(failed)?;
        }
        for (key, number) in there.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
            self.names.remove(key).map_err(failed)?;
            self.uses.remove(number).map_err(failed)?;
        }
        Ok(faults)
    }

    /// Believes these servers and no others.
    pub(super) fn believe(&mut self, servers: &BTreeSet<IpAddr>) -> Result<(), SensorError> {
        let wanted: BTreeSet<[u8; 16]> = servers.iter().map(|address| in_v6(*address)).collect();
        let there: BTreeSet<[u8; 16]> = self.servers.keys().filter_map(Result::ok).collect();
        for server in wanted.difference(&there) {
            self.servers.insert(server, 1, 0).map_err(failed)?;
        }
        there.difference(&wanted).try_for_each(|server| self.servers.remove(server).map_err(failed))
    }
}

/// A number that no other name has, and the same for an agent that starts again.
fn free(key: &[u8; NAME], taken: &mut BTreeSet<u32>) -> u32 {
    let mut number = crc32fast::hash(key).max(1);
    while !taken.insert(number) {
        number = number.wrapping_add(1).max(1);
    }
    number
}

fn value(uses: &BTreeSet<Use>) -> [u8; ALL_USES] {
    let mut bytes = [0; ALL_USES];
    let count = uses.len().min(USES) as u32;
    bytes[..4].copy_from_slice(&count.to_ne_bytes());
    bytes[4..].iter_mut().zip(uses.iter().flatten()).for_each(|(to, from)| *to = *from);
    bytes
}

fn in_v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// A name as a message has it, in small letters; none where it does not fit.
fn key(name: &str) -> Option<[u8; NAME]> {
    let (kind, name) = name.strip_prefix("*.").map_or((ITSELF, name), |name| (BELOW, name));
    let mut bytes = vec![kind];
    for label in name.strip_suffix('.').unwrap_or(name).split('.') {
        bytes.push(u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?);
        bytes.extend(label.bytes().map(|b| b.to_ascii_lowercase()));
    }
    let mut key = [0; NAME];
    // The last byte stays zero, as the name's end.
    key.get_mut(..bytes.len()).filter(|_| bytes.len() < NAME)?.copy_from_slice(&bytes);
    Some(key)
}

#[cfg(test)]
mod tests {
    use seawall_decide::Bundle;

    use super::{key, uses, value};

    #[test]
    fn names_are_as_in_messages() {
        let bytes = key("Api.Example.org.").expect("fits");
        assert_eq!(&bytes[..18], b"\x01\x03api\x07example\x03org\0");
        assert_eq!(&key("*.a").expect("fits")[..4], b"\x02\x01a\0");
        assert_eq!(key("a..b"), None);
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "a".repeat(61));
        assert!(key(&longest).is_some() && key(&format!("{longest}a")).is_none());
    }

    #[test]
    fn every_use_of_a_name_is_there() {
        let text = "apiVersion: seawall/v1\nname: run\nruntime:\n  - id: web\n    mode: enforce\n    \
                    egress: [{names: [a.b, c.d], ports: [80, 443], protocol: tcp}, {names: [a.b], protocol: icmp}]\n    \
                    ingress: [{names: [a.b]}]\n";
        let policy = Bundle::load("p.yaml", text).expect("loads");
        let all: Vec<_> = policy.runtime().flat_map(uses).filter(|(name, _)| *name == "a.b").map(|u| u.1).collect();
        let heads: Vec<_> = all.iter().map(|one| &one[4..]).collect();
        assert_eq!(heads, [[1, 6, 0, 80], [1, 6, 1, 187], [1, 1, 0, 0], [1, 58, 0, 0], [2, 0, 0, 0]]);
        assert_eq!(value(&all.into_iter().collect())[..4], 5u32.to_ne_bytes());
    }
}
