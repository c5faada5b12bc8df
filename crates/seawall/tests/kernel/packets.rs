//! What crosses the network and what io_uring is asked for, told on the booted kernel as it is on newer ones.

use crate::{LSM, alerts, console, machine, root};

/// What the traffic of tests/kernel/packets.pl is told as, by the rules of packets.yaml, and how often.
const TOLD: &[(&str, usize)] = &[
    ("name=secret.tunnel.example type=TXT answers=<NA> server=127.0.0.1:53 process=perl", 2),
    ("name=secret.tunnel.example type=TXT answers=203.0.113.7 server=127.0.0.1:53 process=perl", 2),
    ("name=secret.tunnel.example type=TXT answers=<NA> server=::1:53 process=perl", 1),
    ("name=secret.tunnel.example type=TXT answers=203.0.113.7 server=::1:53 process=perl", 1),
    ("server=short port=8443 process=perl", 1),
    ("server=padded port=8443 process=perl", 1),
    ("flow port=8080 out=5 in=70000 process=perl", 1),
    (" out=70000 in=5 process=perl", 1),
    ("request=OPENAT path=/tmp/made-by-a-request process=perl", 1),
];

#[test]
fn debians_kernel_tells_names_servers_connections_and_requests() {
    let Some(kernel) = machine::kernel() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let text = console(&root(&kernel, folder.path()), &kernel, folder.path(), &format!("scenario=packets {LSM}"));
    let sections = crate::sections(&text);
    assert!(sections["start"].contains("guarding"), "{text}");
    assert!(!sections["start"].contains("refused") && !sections["start"].contains("does not supply"), "{text}");
    assert!(sections["traffic"].contains("DONE"), "{text}");
    let told = alerts(sections["alerts packets"]);
    for (what, times) in TOLD {
        let of_it = told.iter().filter(|(container, _, output)| *container == Some(7000) && output.contains(what));
        assert_eq!(of_it.count(), *times, "{what}: {told:#?}");
    }
}
