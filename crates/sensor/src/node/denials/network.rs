//! What is said of denials about the network, devices and settings.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use seawall_decide::RuntimeDenial;
use seawall_model::FieldValue;

use crate::enforce::Denial;

/// The tier that denies these.
pub(super) const TIER: &str = "cgroup-bpf";

/// What an alert says: its rule, what the process did, and the fields of it.
pub(super) struct Words {
    pub(super) rule: &'static str,
    pub(super) what: String,
    pub(super) fields: BTreeMap<String, FieldValue>,
}

/// None where it is about something else.
pub(super) fn words(denial: &Denial) -> Option<Words> {
    let (rule, what, fields) = match denial.reason {
        RuntimeDenial::Egress | RuntimeDenial::Ingress | RuntimeDenial::Quarantine | RuntimeDenial::RawSockets => {
            return Some(peer(denial));
        }
        RuntimeDenial::HostDevices => {
            let (major, minor) = (denial.number >> 20, denial.number & 0xf_ffff);
            let access = u32::from(denial.detail[1]);
            let verbs = [(1, "make"), (2, "read"), (4, "write")].into_iter().filter(|(bit, _)| access & bit != 0);
            let verbs: Vec<_> = verbs.map(|(_, verb)| verb).collect();
            let kind = if denial.detail[0] == b'b' { "block" } else { "character" };
            let device = format!("{kind} device {major}:{minor}");
            let fields = [("device", FieldValue::Text(device.clone())), ("access", text(verbs.join(",")))];
            ("Device refused by policy", format!("to {} {device}", verbs.join(" and ")), fields.to_vec())
        }
        RuntimeDenial::KernelSettings => {
            let end = denial.detail.iter().position(|b| *b == 0).unwrap_or(denial.detail.len());
            let name = String::from_utf8_lossy(denial.detail.get(..end).unwrap_or_default()).into_owned();
            ("Kernel setting refused by policy", format!("to write /proc/sys/{name}"), vec![("setting", text(name))])
        }
        _ => return None,
    };
    Some(Words { rule, what, fields: owned(fields) })
}

fn text(text: String) -> FieldValue {
    FieldValue::Text(text)
}

fn owned(fields: Vec<(&str, FieldValue)>) -> BTreeMap<String, FieldValue> {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// denial_of_peer of ebpf/include/network.h.
fn peer(denial: &Denial) -> Words {
    let [family, direction, low, high, address @ ..] = denial.detail;
    let protocol = match u16::from_le_bytes([low, high]) {
        1 | 58 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        132 => "sctp".to_owned(),
        262 => "mptcp".to_owned(),
        other => other.to_string(),
    };
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(address).for_each(|(to, from)| *to = from);
    let [a, b, c, d, ..] = bytes;
    let address = match family {
        4 => Some(IpAddr::V4(Ipv4Addr::new(a, b, c, d))),
        6 => Some(IpAddr::V6(Ipv6Addr::from(bytes))),
        _ => None,
    };
    let place = address.map(|address| match (address, denial.number) {
        (_, 0) => address.to_string(),
        (IpAddr::V4(_), port) => format!("{address}:{port}"),
        (IpAddr::V6(_), port) => format!("[{address}]:{port}"),
    });
    let rule = match denial.reason {
        RuntimeDenial::Quarantine => "Network cut by quarantine",
        RuntimeDenial::RawSockets => "Raw socket refused by policy",
        _ => "Connection refused by policy",
    };
    let what = match (place, direction) {
        (Some(place), 2) => format!("to be reached from {place} by {protocol}"),
        (Some(place), _) => format!("to reach {place} by {protocol}"),
        (None, _) if denial.reason == RuntimeDenial::RawSockets => {
            format!("to open a raw socket (protocol {protocol})")
        }
        (None, _) => format!("to open a socket that lists of addresses cannot follow ({protocol})"),
    };
    let mut fields = vec![("fd.l4proto", text(protocol))];
    if let Some(address) = address {
        let (ip, port) = if direction == 2 { ("fd.cip", "fd.sport") } else { ("fd.sip", "fd.sport") };
        fields.push((ip, text(address.to_string())));
        fields.push((port, FieldValue::Unsigned(denial.number.into())));
    }
    Words { rule, what, fields: owned(fields) }
}

#[cfg(test)]
mod tests {
    use seawall_decide::RuntimeDenial;

    use super::words;
    use crate::enforce::Denial;

    fn denial(reason: RuntimeDenial, number: u32, detail: &[u8]) -> Denial {
        let mut all = [0; 64];
        all[..detail.len()].copy_from_slice(detail);
        let (time, pid, started, cgroup, inode) = (0, 1, 0, 0, 0);
        let (dry_run, before, call, path) = (false, false, 0, [0; 256]);
        Denial { time, pid, started, cgroup, inode, reason, dry_run, before, call, number, detail: all, path }
    }

    #[test]
    fn what_was_refused_is_named() {
        let v6: Vec<u8> = [6, 1, 17, 0].into_iter().chain([0xfd; 16]).collect();
        for (denial, expected) in [
            (denial(RuntimeDenial::Egress, 443, &[4, 1, 6, 0, 10, 1, 2, 3]), "to reach 10.1.2.3:443 by tcp"),
            (denial(RuntimeDenial::Egress, 53, &v6), "to reach [fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd:fdfd]:53 by udp"),
            (denial(RuntimeDenial::Ingress, 80, &[4, 2, 6, 0, 10, 1, 2, 3]), "to be reached from 10.1.2.3:80 by tcp"),
            (denial(RuntimeDenial::Quarantine, 0, &[4, 1, 1, 0, 10, 1, 2, 3]), "to reach 10.1.2.3 by icmp"),
            (denial(RuntimeDenial::RawSockets, 0, &[0, 0, 255, 0]), "to open a raw socket (protocol 255)"),
            (denial(RuntimeDenial::HostDevices, 254 << 20, b"b\x06"), "to read and write block device 254:0"),
            (denial(RuntimeDenial::HostDevices, 1 << 20 | 1, b"c\x01"), "to make character device 1:1"),
            (denial(RuntimeDenial::KernelSettings, 0, b"kernel/modprobe\0x"), "to write /proc/sys/kernel/modprobe"),
        ] {
            assert_eq!(words(&denial).map(|w| w.what).as_deref(), Some(expected));
        }
        assert!(words(&denial(RuntimeDenial::DroppedPrograms, 0, b"")).is_none());
    }
}
