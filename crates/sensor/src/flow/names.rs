//! The addresses of the hosts that rules name: asked for from the system's own resolver, and learnt from what its name servers
//! answer to anybody on this node.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, ToSocketAddrs};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use seawall_io::read_bounded;
use seawall_model::{Argument, ArgumentValue, Event, EventKind};

/// Names that are asked for.
const MOST_NAMES: usize = 4096;
/// A resolv.conf that is longer is not read.
const LONGEST_FILE: u64 = 1 << 20;
/// Addresses of one name.
const MOST_ADDRESSES: usize = 64;
/// An address that was not told again for so long is forgotten.
const KEPT: Duration = Duration::from_secs(3600);

/// How names are looked up.
#[derive(Debug, Clone)]
pub struct NameSettings {
    /// Ask the system's resolver, at the start and then so often; never, where there is none.
    pub every: Option<Duration>,
    /// Name servers whose answers to others are believed: those that this node itself uses. A container can run one of its own
    /// and would else say what rules compare with.
    pub servers: BTreeSet<IpAddr>,
}

impl NameSettings {
    /// Those of this node: every five minutes, and the servers of its own resolver.
    pub fn of_node() -> Self {
        let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
        let texts = files.iter().filter_map(|path| read_bounded(Path::new(path), LONGEST_FILE).ok());
        let servers = texts.flat_map(|text| name_servers(&String::from_utf8_lossy(&text))).collect();
        Self { every: Some(Duration::from_secs(300)), servers }
    }
}

/// The `nameserver` lines of a resolv.conf. A server of loopback is a process of this machine that asks others in turn, and in a
/// container's own network it can be anybody: it is not believed.
pub(crate) fn name_servers(text: &str) -> Vec<IpAddr> {
    let address = |line: &str| line.trim().strip_prefix("nameserver")?.trim().parse::<IpAddr>().ok();
    text.lines().filter_map(address).filter(|a| !a.is_loopback()).collect()
}

/// Names and their addresses.
pub struct Names {
    known: BTreeMap<String, HashMap<IpAddr, Instant>>,
    servers: BTreeSet<IpAddr>,
    answers: Option<Receiver<(String, Vec<IpAddr>)>>,
    stop: Arc<AtomicBool>,
    changed: bool,
}

impl Names {
    /// For these names. The resolver is asked by a thread of its own, which ends with this.
    pub fn start(names: BTreeSet<String>, settings: &NameSettings) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let names: Vec<String> = names.into_iter().take(MOST_NAMES).collect();
        let known = names.iter().map(|name| (name.clone(), HashMap::new())).collect();
        let mut answers = None;
        if let Some(every) = settings.every.filter(|_| !names.is_empty()) {
            let (send, receive) = sync_channel(64);
            let stopped = Arc::clone(&stop);
            let thread = std::thread::Builder::new().name("names".to_owned());
            // Without the thread nothing is learnt this way; what others are answered still is.
            if thread.spawn(move || ask(&names, every, &send, &stopped)).is_ok() {
                answers = Some(receive);
            }
        }
        Self { known, servers: settings.servers.clone(), answers, stop, changed: false }
    }

    /// Learns from an event what a name server that is believed answered.
    pub fn see(&mut self, event: &Event) {
        if event.kind != EventKind::Dns || self.known.is_empty() {
            return;
        }
        let text = |name| match event.argument(name) {
            Some(ArgumentValue::Text(text)) => Some(text.to_text()),
            _ => None,
        };
        let (Some(question), Some(answer)) = (text(Argument::Question), text(Argument::Answer)) else { return };
        let server = event.socket().and_then(|s| s.remote).map(|(address, _)| address);
        if server.is_none_or(|server| !self.servers.contains(&server)) {
            return;
        }
        let addresses = answer.split(',').filter_map(|one| one.parse().ok());
        self.learn(&question.to_ascii_lowercase(), addresses);
    }

    fn learn(&mut self, name: &str, addresses: impl Iterator<Item = IpAddr>) {
        let Some(known) = self.known.get_mut(name) else { return };
        let now = Instant::now();
        for address in addresses {
            if known.len() < MOST_ADDRESSES || known.contains_key(&address) {
                self.changed |= known.insert(address, now).is_none();
            }
        }
    }

    /// Every name with its addresses, where these changed since it was asked last.
    pub fn take(&mut self) -> Option<BTreeMap<String, Vec<IpAddr>>> {
        while let Some((name, addresses)) = self.answers.as_ref().and_then(|a| a.try_recv().ok()) {
            self.learn(&name, addresses.into_iter());
        }
        let now = Instant::now();
        for addresses in self.known.values_mut() {
            let before = addresses.len();
            addresses.retain(|_, told| now.saturating_duration_since(*told) < KEPT);
            self.changed |= addresses.len() != before;
        }
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        Some(self.known.iter().map(|(name, all)| (name.clone(), all.keys().copied().collect())).collect())
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        // A question that is on its way ends with the resolver's own patience; nobody waits for it.
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// The thread that asks the system's resolver.
fn ask(names: &[String], every: Duration, send: &SyncSender<(String, Vec<IpAddr>)>, stop: &AtomicBool) {
    loop {
        for name in names {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            // A name that has no address now may have one later.
            let Ok(found) = (name.as_str(), 0).to_socket_addrs() else { continue };
            let addresses = found.take(MOST_ADDRESSES).map(|a| a.ip().to_canonical()).collect();
            match send.try_send((name.clone(), addresses)) {
                // Nobody reads just now: it is asked for again next time.
                Ok(()) | Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Disconnected(_)) => return,
            }
        }
        let end = Instant::now() + every;
        while Instant::now() < end {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            std::thread::sleep(Duration::from_millis(200).min(every));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use seawall_model::{Descriptor, Socket};

    fn answer(server: &str, name: &str, answers: &str) -> Event {
        let text = |t: &str| ArgumentValue::Text(t.into());
        Event {
            number: 1,
            time: 0,
            cpu: 0,
            kind: EventKind::Dns,
            result: 0,
            thread: 1,
            virtual_thread: 1,
            process: Default::default(),
            arguments: vec![(Argument::Question, text(name)), (Argument::Answer, text(answers))],
            descriptor: Some(Descriptor::Socket(Socket {
                remote: Some((server.parse().expect("an address"), 53)),
                ..Socket::default()
            })),
        }
    }

    #[test]
    fn only_the_nodes_own_servers_are_believed() {
        let servers = name_servers("# x\nnameserver 192.0.2.53\nnameserver 127.0.0.53\nsearch a\n");
        let settings = NameSettings { every: None, servers: servers.into_iter().collect() };
        let mut names = Names::start(["pool.example".to_owned()].into(), &settings);
        names.see(&answer("127.0.0.53", "pool.example", "203.0.113.1"));
        names.see(&answer("203.0.113.9", "pool.example", "203.0.113.1"));
        names.see(&answer("192.0.2.53", "other.example", "203.0.113.1"));
        assert_eq!(names.take(), None);
        names.see(&answer("192.0.2.53", "Pool.example", "edge.example,203.0.113.2,2001:db8::1"));
        let told = names.take().expect("changed");
        assert_eq!(told["pool.example"].len(), 2);
        assert_eq!(names.take(), None);
    }

    #[test]
    fn the_systems_resolver_is_asked_in_the_background() {
        let settings = NameSettings { every: Some(Duration::from_secs(60)), servers: BTreeSet::new() };
        let mut names = Names::start(["127.0.0.1".to_owned()].into(), &settings);
        let end = Instant::now() + Duration::from_secs(120);
        let told = loop {
            if let Some(told) = names.take() {
                break told;
            }
            assert!(Instant::now() < end, "nothing came");
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(told["127.0.0.1"], ["127.0.0.1".parse::<IpAddr>().expect("an address")]);
    }
}
