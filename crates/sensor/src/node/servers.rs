//! Name servers whose answers are believed: those that a person gave this node, its engine, or a container. What a container can
//! write itself, its own `resolv.conf` above all, is not asked (docs/decisions/0016-answers-of-name-servers.md).

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use seawall_io::read_bounded;
use seawall_model::Container;

use crate::flow::name_servers;

/// A file that is longer is not read.
const LONGEST: u64 = 1 << 20;
/// How often the node's files are read again: networks come and go.
const AGAIN: Duration = Duration::from_secs(30);
/// Servers in all: struct server of ebpf/names.bpf.c has room for these.
const MOST: usize = 4096;

/// Takes addresses out of a file's text.
type Read = fn(&str) -> Vec<IpAddr>;

/// Where a node says which servers it and its containers use.
const FILES: &[(&str, Read)] = &[
    ("etc/resolv.conf", name_servers),
    ("run/systemd/resolve/resolv.conf", name_servers),
    ("etc/docker/daemon.json", of_docker),
    ("var/lib/kubelet/config.yaml", of_kubelet),
];

/// What is known of name servers.
pub(super) struct Servers {
    root: PathBuf,
    read: Option<Instant>,
    of_node: BTreeSet<IpAddr>,
    of_containers: HashMap<u64, Vec<IpAddr>>,
    told: Option<BTreeSet<IpAddr>>,
}

impl Servers {
    /// Of this node.
    pub(super) fn of_node() -> Self {
        Self::below(PathBuf::from("/"))
    }

    fn below(root: PathBuf) -> Self {
        let (of_node, of_containers) = (BTreeSet::new(), HashMap::new());
        Self { root, read: None, of_node, of_containers, told: None }
    }

    /// Takes containers in; every server, where these are others than before.
    pub(super) fn update(&mut self, new: &[(u64, Arc<Container>)], gone: &[u64]) -> Option<BTreeSet<IpAddr>> {
        for group in gone {
            self.of_containers.remove(group);
        }
        for (group, container) in new.iter().filter(|(_, container)| !container.name_servers.is_empty()) {
            let servers = container.name_servers.iter().filter_map(|text| text.parse().ok()).filter(is_believable);
            self.of_containers.insert(*group, servers.collect());
        }
        if self.read.is_none_or(|read| read.elapsed() >= AGAIN) {
            self.read = Some(Instant::now());
            let texts = FILES.iter().filter_map(|(path, read)| {
                let bytes = read_bounded(&self.root.join(Path::new(path)), LONGEST).ok()?;
                Some(read(&String::from_utf8_lossy(&bytes)))
            });
            self.of_node = texts.flatten().filter(is_believable).collect();
        }
        let all = self.of_node.iter().chain(self.of_containers.values().flatten());
        let all: BTreeSet<IpAddr> = all.copied().take(MOST).collect();
        if self.told.as_ref() == Some(&all) {
            return None;
        }
        self.told = Some(all.clone());
        Some(all)
    }
}

/// On loopback anybody can be anybody.
fn is_believable(address: &IpAddr) -> bool {
    let address = address.to_canonical();
    !address.is_loopback() && !address.is_unspecified()
}

/// `dns` of Docker's settings: what its containers are given.
fn of_docker(text: &str) -> Vec<IpAddr> {
    let document: Option<serde_json::Value> = serde_json::from_str(text).ok();
    let listed = document.as_ref().and_then(|document| document.get("dns")?.as_array());
    listed.into_iter().flatten().filter_map(|item| item.as_str()?.parse().ok()).collect()
}

/// `clusterDNS` of the kubelet's settings: what pods are given.
fn of_kubelet(text: &str) -> Vec<IpAddr> {
    let mut lines = text.lines().skip_while(|line| line.trim_end() != "clusterDNS:").skip(1);
    let item = |line: &str| line.trim().strip_prefix("- ").map(|item| item.trim_matches(['"', '\'', ' ']).to_owned());
    std::iter::from_fn(|| lines.next().and_then(item)).filter_map(|item| item.parse().ok()).collect()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write their own files")]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use seawall_model::Container;

    use super::Servers;

    #[test]
    fn those_that_a_person_gave_are_believed() {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in [
            ("etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 192.0.2.1\n"),
            ("etc/docker/daemon.json", "{\"dns\": [\"192.0.2.2\", \"127.0.0.1\", 7]}"),
            (
                "var/lib/kubelet/config.yaml",
                "kind: x\nclusterDNS:\n- 192.0.2.3\n- \"2001:db8::3\"\nother:\n- 192.0.2.9\n",
            ),
        ] {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        let mut servers = Servers::below(root.path().to_owned());
        let given = ["192.0.2.4", "127.0.0.11", "::ffff:127.0.0.1", "0.0.0.0", "nobody"].map(str::to_owned).to_vec();
        let container = Arc::new(Container { name_servers: given, ..Container::default() });
        let all = servers.update(&[(7, container)], &[]).expect("new");
        let expected = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "2001:db8::3"];
        assert_eq!(all, expected.iter().map(|text| text.parse::<IpAddr>().expect("one")).collect());
        assert_eq!(servers.update(&[], &[]), None);
        assert_eq!(servers.update(&[], &[7]).expect("fewer").len(), 4);
    }
}
