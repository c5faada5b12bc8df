//! Which addresses the lists of a policy mean at the moment: those of containers, and those that names have.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use seawall_decide::{Bundle, ContainerSelector, NetworkRule};
use seawall_model::Container;

use crate::enforce::Addresses;

/// How often names are asked for. The system's resolver does not say for how long an answer holds.
const AGAIN: Duration = Duration::from_secs(30);
/// How long an address is kept that is not among the answers any more: connections are still being made to it.
const KEEP: Duration = Duration::from_secs(600);
/// Addresses of one name.
const MOST: usize = 256;
/// How long a start waits for the first answers.
const FIRST: Duration = Duration::from_secs(5);

type Answer = (String, Result<Vec<IpAddr>, String>);

/// What is known of addresses.
pub(super) struct Reach {
    containers: HashMap<u64, Arc<Container>>,
    names: BTreeMap<String, BTreeMap<IpAddr, Instant>>,
    failing: BTreeSet<String>,
    answers: Receiver<Answer>,
    /// Whoever holds it keeps the thread that asks.
    _asking: Sender<()>,
}

impl Reach {
    /// Begins to ask for the names of a policy.
    pub(super) fn start(policy: &Bundle) -> Self {
        let rules =
            |of: &Option<Vec<NetworkRule>>| of.iter().flatten().flat_map(|r| r.names.clone()).collect::<Vec<_>>();
        let names = policy.runtime().flat_map(|entry| [rules(&entry.egress), rules(&entry.ingress)]).flatten();
        // Those below a name are known by what others are answered.
        let names: BTreeSet<String> = names.filter(|name| !name.starts_with("*.")).collect();
        let (tell, answers) = channel();
        let (asking, stop) = channel();
        let mut reach = Self {
            containers: HashMap::new(),
            names: BTreeMap::new(),
            failing: BTreeSet::new(),
            answers,
            _asking: asking,
        };
        if !names.is_empty() {
            let count = names.len();
            std::thread::spawn(move || ask(&names, &tell, &stop));
            let end = Instant::now() + FIRST;
            for _ in 0..count {
                let Ok(answer) = reach.answers.recv_timeout(end.saturating_duration_since(Instant::now())) else {
                    break;
                };
                reach.hear(answer);
            }
        }
        reach
    }

    /// Takes containers and answers that are new; whether addresses changed, and the names that cannot be resolved.
    pub(super) fn update(&mut self, new: &[(u64, Arc<Container>)], gone: &[u64]) -> (bool, Vec<(String, String)>) {
        let mut changed = false;
        for group in gone {
            changed |= self.containers.remove(group).is_some_and(|c| !c.addresses.is_empty());
        }
        for (group, container) in new {
            changed |= !container.addresses.is_empty();
            self.containers.insert(*group, Arc::clone(container));
        }
        let mut failed = Vec::new();
        while let Ok(answer) = self.answers.try_recv() {
            let (told, name) = (answer.1.as_ref().err().cloned(), answer.0.clone());
            match told {
                Some(reason) if self.failing.insert(name.clone()) => failed.push((name, reason)),
                Some(_) => {}
                None => changed |= self.hear(answer),
            }
        }
        (changed, failed)
    }

    /// Takes an answer in; whether it changes anything.
    fn hear(&mut self, (name, answer): Answer) -> bool {
        // Where nobody answers, what was answered last stays.
        let Ok(addresses) = answer else { return false };
        self.failing.remove(&name);
        let now = Instant::now();
        let known = self.names.entry(name).or_default();
        let before: Vec<IpAddr> = known.keys().copied().collect();
        known.extend(addresses.into_iter().map(|address| (address, now)));
        known.retain(|_, seen| now.duration_since(*seen) < KEEP);
        before != known.keys().copied().collect::<Vec<_>>()
    }
}

impl Addresses for Reach {
    fn of_name(&self, name: &str) -> Vec<IpAddr> {
        self.names.get(name).map(|all| all.keys().copied().take(MOST).collect()).unwrap_or_default()
    }

    fn of_containers(&self, selector: &ContainerSelector) -> Vec<IpAddr> {
        let meant = self.containers.values().filter(|container| selector.selects(container));
        meant.flat_map(|container| &container.addresses).filter_map(|text| address(text)).collect()
    }
}

/// An address as engines write it, which may have a prefix behind it.
fn address(text: &str) -> Option<IpAddr> {
    text.split('/').next().unwrap_or(text).parse().ok()
}

/// Asks the system's resolver, until nobody listens.
fn ask(names: &BTreeSet<String>, tell: &Sender<Answer>, stop: &Receiver<()>) {
    loop {
        for name in names {
            let answer = (name.as_str(), 0).to_socket_addrs();
            let answer = answer.map(|all| all.map(|a| a.ip()).collect()).map_err(|error| error.to_string());
            if tell.send((name.clone(), answer)).is_err() {
                return;
            }
        }
        if stop.recv_timeout(AGAIN) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use seawall_decide::Bundle;
    use seawall_model::Container;

    use super::{Addresses, Reach};

    #[test]
    fn names_and_containers_have_their_addresses() {
        let text = "apiVersion: seawall/v1\nname: run\nruntime:\n  - id: web\n    mode: enforce\n    \
                    egress: [{names: [localhost]}, {containers: {names: [db]}}]\n";
        let policy = Bundle::load("p.yaml", text).expect("loads");
        let mut reach = Reach::start(&policy);
        assert!(reach.of_name("localhost").iter().any(|address| address.is_loopback()));
        let addresses = vec!["172.18.0.2/16".to_owned(), "none".to_owned()];
        let db = Container { name: Some("db".to_owned()), addresses, ..Container::default() };
        assert!(reach.update(&[(7, Arc::new(db))], &[]).0);
        let entry = policy.runtime().next().expect("one");
        let selector = entry.egress.iter().flatten().find_map(|rule| rule.containers.as_ref()).expect("one");
        assert_eq!(reach.of_containers(selector), vec!["172.18.0.2".parse::<std::net::IpAddr>().expect("one")]);
        assert!(reach.update(&[], &[7]).0);
        assert!(reach.of_containers(selector).is_empty());
    }
}
