//! With whom a container may speak: the lists `egress` and `ingress` of a `runtime` entry.

use std::net::{IpAddr, Ipv6Addr};

use super::runtime::ContainerSelector;
use crate::reader::Reader;
use crate::yaml::Node;

/// Entries of one list, and addresses, names or ports of one entry.
const MAX_ENTRIES: usize = 1000;

/// A transport protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NetworkProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// ICMP or ICMPv6.
    Icmp,
}

/// Addresses with a common beginning. IPv4 in IPv6 (`::ffff:0:0/96`) is IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressRange {
    /// The first.
    pub address: IpAddr,
    /// How many bits are common.
    pub bits: u8,
}

/// One entry of a list: any of its peers, on any of its ports.
#[derive(Debug, Clone, Default)]
pub struct NetworkRule {
    /// Addresses.
    pub addresses: Vec<AddressRange>,
    /// Names that DNS knows: the addresses that it answers. `*.` before one is every name below it.
    pub names: Vec<String>,
    /// Containers: their addresses.
    pub containers: Option<ContainerSelector>,
    /// Ports of the side that is called; empty for all.
    pub ports: Vec<u16>,
    /// The protocol; none for all.
    pub protocol: Option<NetworkProtocol>,
}

impl AddressRange {
    /// One address.
    pub fn one(address: IpAddr) -> Self {
        let address = address.to_canonical();
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }

    /// `ADDRESS` or `ADDRESS/BITS`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let parsed: IpAddr = address.parse().map_err(|_| format!("`{}` is no address", text.escape_debug()))?;
        let whole = Self::one(parsed);
        let Some(bits) = bits else { return Ok(whole) };
        let most: u8 = if parsed.is_ipv4() { 32 } else { 128 };
        let bits: u8 = bits
            .parse()
            .ok()
            .filter(|bits| *bits <= most)
            .ok_or_else(|| format!("a prefix has at most {most} bits"))?;
        // A prefix of IPv4 in IPv6 counts the 96 bits before it.
        let bits = match (parsed.is_ipv6(), whole.address.is_ipv4()) {
            (true, true) => bits.checked_sub(96).ok_or("write `::/0` for all of IPv6, `0.0.0.0/0` for all of IPv4")?,
            _ => bits,
        };
        let range = Self { address: whole.address, bits };
        if range.first() != range.address {
            return Err(format!("`{text}` has bits beyond its prefix: write `{}/{bits}`", range.first()));
        }
        Ok(range)
    }

    /// The address with the bits beyond the prefix cleared.
    fn first(self) -> IpAddr {
        match self.address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.bits.min(32))).unwrap_or(0);
                IpAddr::V4((u32::from(v4) & mask).into())
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.bits.min(128))).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(v6) & mask))
            }
        }
    }
}

/// Reads a list; an empty one allows nothing.
pub(super) fn list(reader: &mut Reader<'_>, node: &Node) -> Vec<NetworkRule> {
    reader.list(node, MAX_ENTRIES).into_iter().map(|node| rule(reader, node)).collect()
}

fn rule(reader: &mut Reader<'_>, node: &Node) -> NetworkRule {
    let keys = ["addresses", "names", "containers", "ports", "protocol"];
    let fields = reader.fields(node, "an entry of the list", &keys);
    let mut rule = NetworkRule::default();
    if let Some(node) = fields.get("addresses") {
        for item in reader.list(node, MAX_ENTRIES) {
            match reader.text(item).map(AddressRange::parse) {
                Some(Ok(range)) => rule.addresses.push(range),
                Some(Err(reason)) => reader.fail_at(item, reason, Some("write an address or a prefix, as 10.1.0.0/16")),
                None => {}
            }
        }
    }
    if let Some(node) = fields.get("names") {
        for item in reader.list(node, MAX_ENTRIES) {
            match reader.text(item) {
                Some(name) if is_name(name) => rule.names.push(name.to_owned()),
                Some(name) => reader.fail_at(
                    item,
                    format!("`{}` is no name that DNS can be asked for", name.escape_debug()),
                    Some("write a name, or `*.` before one for those below it"),
                ),
                None => {}
            }
        }
    }
    rule.containers = fields.get("containers").map(|node| ContainerSelector::read(reader, node));
    if let Some(node) = fields.get("ports") {
        for item in reader.list(node, MAX_ENTRIES) {
            // What is no number, or out of bounds, is told already.
            let Some(number) = reader.number(item, 1.0, 65535.0) else { continue };
            match port(number) {
                Some(port) => rule.ports.push(port),
                None => reader.fail_at(item, "a port is a whole number", None),
            }
        }
    }
    let protocols = [("tcp", NetworkProtocol::Tcp), ("udp", NetworkProtocol::Udp), ("icmp", NetworkProtocol::Icmp)];
    rule.protocol = fields.get("protocol").and_then(|node| reader.choice(node, &protocols));
    if rule.protocol == Some(NetworkProtocol::Icmp) && !rule.ports.is_empty() {
        reader.fail_at(node, "ICMP has no ports", None);
    }
    if ["addresses", "names", "containers"].iter().all(|key| fields.get(key).is_none()) {
        reader.fail_at(
            node,
            "the entry names nobody",
            Some("write `addresses`, `names` or `containers`; `addresses: [0.0.0.0/0, '::/0']` is everybody"),
        );
    }
    rule
}

/// A whole number of a port.
fn port(number: f64) -> Option<u16> {
    let port = number as u16;
    (f64::from(port) == number).then_some(port)
}

/// A name, or `*.` and a name: every one below it.
fn is_name(name: &str) -> bool {
    let length = name.len();
    let name = name.strip_prefix("*.").unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    let label =
        |l: &str| (1..=63).contains(&l.len()) && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    length <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::AddressRange;
    use crate::Bundle;

    fn bundle(list: &str) -> Result<Bundle, String> {
        let text = format!(
            "apiVersion: seawall/v1\nname: run\nruntime:\n  - id: web\n    mode: enforce\n    egress: {list}\n"
        );
        Bundle::load("p.yaml", &text).map_err(|error| error.to_string())
    }

    #[test]
    fn ranges_are_read_as_they_are_meant() {
        for (text, address, bits) in [
            ("10.0.0.0/8", "10.0.0.0", 8),
            ("10.1.2.3", "10.1.2.3", 32),
            ("::ffff:10.1.2.3", "10.1.2.3", 32),
            ("::ffff:10.1.0.0/112", "10.1.0.0", 16),
            ("0.0.0.0/0", "0.0.0.0", 0),
            ("::/0", "::", 0),
            ("2001:db8::/32", "2001:db8::", 32),
        ] {
            let range = AddressRange::parse(text).expect(text);
            assert_eq!((range.address.to_string().as_str(), range.bits), (address, bits), "{text}");
        }
        for text in ["10.0.0.1/8", "10.0.0.0/33", "10.0.0", "::/129", "::ffff:0:0/90", "a.example", "1.2.3.4/", ""] {
            assert!(AddressRange::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_are_strict() {
        let good = "[{addresses: [10.0.0.0/8], ports: [443], protocol: tcp}, {names: [db.example]}, {containers: {names: [db]}}]";
        let loaded = bundle(good).expect("loads");
        let entry = loaded.runtime().next().expect("one");
        assert_eq!(entry.egress.as_ref().map(Vec::len), Some(3));
        assert!(bundle("[]").is_ok() && !bundle("[]").is_ok_and(|b| b.lists_names()));
        assert!(bundle("[{names: ['*.example.org', Api.example.org.]}]").is_ok_and(|b| b.lists_names()));
        for (list, expected) in [
            ("[{addresses: [10.0.0.1/8]}]", "write `10.0.0.0/8`"),
            ("[{names: ['a*.example']}]", "no name that DNS can be asked for"),
            ("[{names: ['*']}]", "no name that DNS can be asked for"),
            ("[{ports: [80]}]", "names nobody"),
            ("[{addresses: [10.0.0.1], ports: [0]}]", "p.yaml:6"),
            ("[{addresses: [10.0.0.1], ports: [1.5]}]", "whole number"),
            ("[{addresses: [10.0.0.1], protocol: tpc}]", "did you mean `tcp`"),
            ("[{address: [10.0.0.1]}]", "p.yaml:6"),
            ("yes", "p.yaml:6"),
        ] {
            let error = bundle(list).expect_err(list);
            assert!(error.contains(expected), "{list}: {error}");
        }
    }
}
