//! The lists of addresses and the quarantine, as the programs of `ebpf/network.bpf.c` read them (ebpf/include/network.h).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;

use aya::maps::lpm_trie::{Key, LpmTrie};
use aya::maps::{HashMap, Map, MapData};
use seawall_decide::{AddressRange, NetworkProtocol, NetworkRule, RuntimePolicy};

use super::group_lists::{GroupLists, failed};
use crate::SensorError;

/// Bits of a key before the address.
const HEAD: u32 = 96;
/// Bytes of a key after the length of its prefix.
const KEY: usize = 28;

type Allowed = (u32, [u8; KEY]);

/// Which addresses are meant by what is no address.
pub trait Addresses {
    /// Those of a name of DNS.
    fn of_name(&self, name: &str) -> Vec<IpAddr>;
    /// Those of the containers that a selector means.
    fn of_containers(&self, selector: &seawall_decide::ContainerSelector) -> Vec<IpAddr>;
}

/// The pinned maps.
pub(super) struct Lists {
    allowed: LpmTrie<MapData, [u8; KEY], u32>,
    lists: GroupLists,
    quarantine: HashMap<MapData, u64, u32>,
    nets: HashMap<MapData, u32, u64>,
}

impl Lists {
    /// None where no program of the network was taken.
    pub(super) fn open(folder: &Path) -> Result<Option<Self>, SensorError> {
        if !folder.join("ALLOWED").exists() {
            return Ok(None);
        }
        let map = |name: &str| MapData::from_pin(folder.join(name)).map_err(failed);
        Ok(Some(Self {
            allowed: LpmTrie::try_from(Map::LpmTrie(map("ALLOWED")?)).map_err(failed)?,
            lists: GroupLists::open(&folder.join("LISTS"))?,
            quarantine: HashMap::try_from(Map::HashMap(map("QUARANTINE")?)).map_err(failed)?,
            nets: HashMap::try_from(Map::HashMap(map("QUARANTINE_NETS")?)).map_err(failed)?,
        }))
    }

    /// What holds for a group from now on. Its list must be there already.
    pub(super) fn set(&mut self, group: Option<u64>, policy: Option<&RuntimePolicy>) -> Result<(), SensorError> {
        self.lists.set(group, policy.filter(|policy| is_listed(policy)).map(number))
    }

    pub(super) fn forget(&mut self, group: u64) {
        self.lists.forget(group);
        self.release(group);
    }

    /// The groups of which something is kept.
    pub(super) fn groups(&self) -> Vec<u64> {
        self.lists.groups().chain(self.quarantine.keys().filter_map(Result::ok)).collect()
    }

    /// Makes the lists what the policies say now: new addresses are allowed before old ones are taken away.
    pub(super) fn fill<'p>(
        &mut self,
        policies: impl Iterator<Item = &'p RuntimePolicy>,
        addresses: &dyn Addresses,
    ) -> Result<(), SensorError> {
        let wanted: BTreeSet<Allowed> = policies.flat_map(|policy| entries(policy, addresses)).collect();
        let there: BTreeSet<Allowed> =
            self.allowed.keys().filter_map(Result::ok).map(|key| (key.prefix_len(), key.data())).collect();
        for (bits, data) in wanted.difference(&there) {
            self.allowed.insert(&Key::new(*bits, *data), 1, 0).map_err(failed)?;
        }
        for (bits, data) in there.difference(&wanted) {
            self.allowed.remove(&Key::new(*bits, *data)).map_err(failed)?;
        }
        Ok(())
    }

    /// Cuts a group off, and with it the network namespaces that are its own.
    pub(super) fn cut(&mut self, group: u64, nets: &BTreeSet<u32>) -> Result<(), SensorError> {
        self.quarantine.insert(group, 1, 0).map_err(failed)?;
        nets.iter().try_for_each(|net| self.nets.insert(net, group, 0).map_err(failed))
    }

    /// Ends it; false where the group was not cut off.
    pub(super) fn release(&mut self, group: u64) -> bool {
        let nets: Vec<u32> =
            self.nets.iter().filter_map(Result::ok).filter(|(_, of)| *of == group).map(|(net, _)| net).collect();
        for net in nets {
            let _ = self.nets.remove(&net);
        }
        self.quarantine.remove(&group).is_ok()
    }
}

/// What addresses of a name are allowed for, as struct name_use of ebpf/names.bpf.c.
pub(super) type Use = [u8; 8];

/// The names of an entry's lists, and what each is used for.
pub(super) fn uses(policy: &RuntimePolicy) -> impl Iterator<Item = (&str, Use)> {
    let list = number(policy).to_ne_bytes();
    let rules = [(1, &policy.egress), (2, &policy.ingress)].into_iter();
    let all = rules.flat_map(|(direction, rules)| rules.iter().flatten().map(move |rule| (direction, rule)));
    all.flat_map(move |(direction, rule)| {
        let ports: &[u16] = if rule.ports.is_empty() { &[0] } else { &rule.ports };
        // Of which family an answer will be is not known yet.
        let families = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()].map(AddressRange::one);
        let protocols: BTreeSet<u8> = families.iter().flat_map(|range| protocols(rule, range)).copied().collect();
        let mut uses = Vec::new();
        for (protocol, port) in protocols.into_iter().flat_map(|p| ports.iter().map(move |port| (p, port))) {
            let mut one = [0; 8];
            one[..4].copy_from_slice(&list);
            one[4..6].copy_from_slice(&[direction, protocol]);
            one[6..].copy_from_slice(&port.to_be_bytes());
            uses.extend(rule.names.iter().map(|name| (name.as_str(), one)));
        }
        uses
    })
}

fn is_listed(policy: &RuntimePolicy) -> bool {
    policy.egress.is_some() || policy.ingress.is_some()
}

/// The number of an entry's list: from what it says, so that an agent that starts again finds its lists in use, and
/// another policy's are filled before anything points at them.
fn number(policy: &RuntimePolicy) -> u32 {
    let text = format!("{} {:?} {:?}", policy.id, policy.egress, policy.ingress);
    crc32fast::hash(text.as_bytes())
}

/// What an entry allows, as keys.
fn entries(policy: &RuntimePolicy, addresses: &dyn Addresses) -> Vec<Allowed> {
    let mut all = Vec::new();
    let list = number(policy);
    for (direction, rules) in [(1, &policy.egress), (2, &policy.ingress)] {
        for rule in rules.iter().flatten() {
            let ranges = ranges(rule, addresses);
            let ports: &[u16] = if rule.ports.is_empty() { &[0] } else { &rule.ports };
            for range in &ranges {
                for protocol in protocols(rule, range) {
                    all.extend(ports.iter().map(|port| key(list, direction, *protocol, *port, *range)));
                }
            }
        }
    }
    all
}

fn ranges(rule: &NetworkRule, addresses: &dyn Addresses) -> Vec<AddressRange> {
    let names = rule.names.iter().flat_map(|name| addresses.of_name(name));
    let containers = rule.containers.iter().flat_map(|selector| addresses.of_containers(selector));
    rule.addresses.iter().copied().chain(names.chain(containers).map(AddressRange::one)).collect()
}

fn protocols(rule: &NetworkRule, range: &AddressRange) -> &'static [u8] {
    match rule.protocol {
        None => &[0],
        Some(NetworkProtocol::Tcp) => &[6],
        Some(NetworkProtocol::Udp) => &[17],
        Some(NetworkProtocol::Icmp) if range.address.is_ipv4() => &[1],
        Some(NetworkProtocol::Icmp) => &[58],
    }
}

/// struct allow_key without its first number.
fn key(list: u32, direction: u8, protocol: u8, port: u16, range: AddressRange) -> Allowed {
    let mut address = [0; 16];
    let family = match range.address {
        IpAddr::V4(v4) => {
            address[..4].copy_from_slice(&v4.octets());
            4
        }
        IpAddr::V6(v6) => {
            address = v6.octets();
            6
        }
    };
    let mut data = [0; KEY];
    data[..4].copy_from_slice(&list.to_ne_bytes());
    data[4..8].copy_from_slice(&[direction, family, protocol, 0]);
    data[8..10].copy_from_slice(&port.to_be_bytes());
    data[12..].copy_from_slice(&address);
    (HEAD + u32::from(range.bits), data)
}
