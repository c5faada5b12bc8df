//! What crosses the network: messages of the domain name system, and the first of a client that speaks TLS.

use seawall_sensor::{read_client_hello, read_dns_message};

use super::{Target, target};

pub(super) fn targets() -> Vec<Target> {
    vec![
        target("dns-message", &["network/dns"], |bytes| {
            if let Some(message) = read_dns_message(bytes) {
                // Each byte is written as four at most, and nothing that is not printable is left.
                assert!(message.name.len() <= 4 * 255 && message.longest_label <= 63);
                assert!(message.name.iter().all(u8::is_ascii_graphic));
                assert!(message.answers.len() <= 64);
            }
        }),
        target("client-hello", &["network/tls"], |bytes| {
            if let Some(name) = read_client_hello(bytes).and_then(|hello| hello.server_name) {
                assert!(name.len() <= 255 && name.iter().all(u8::is_ascii_graphic));
            }
        }),
    ]
}
