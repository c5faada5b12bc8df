//! Delivers alerts: JSON lines on standard input go where `-o` says.
//!
//!     deliver [--state FOLDER] [--drain SECONDS] -o SPEC…
//!
//! Prints one line for each channel on standard error at the end, and `sent N` for every alert that was taken in when
//! `--talk` is given. An empty line is answered by `kept` once nothing waits in memory. Tests and tests/conformance/alerts.sh use it.
#![allow(clippy::print_stderr, reason = "an example talks on standard error")]

use std::io::BufRead;
use std::time::Duration;

use seawall_model::Alert;
use seawall_sink::{SinkSettings, SinkSpec, Sinks};

fn main() {
    let (mut specs, mut settings) = (Vec::new(), SinkSettings { hostname: "node".into(), ..SinkSettings::default() });
    let (mut drain, mut talk) = (10, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().unwrap_or_default();
        match argument.as_str() {
            "-o" => specs.push(value().parse::<SinkSpec>().unwrap_or_else(|error| panic!("{error}"))),
            "--state" => settings.state = Some(value().into()),
            "--drain" => drain = value().parse().unwrap_or(10),
            "--talk" => talk = true,
            other => panic!("unknown argument {other}"),
        }
    }
    let sinks = Sinks::open(&specs, settings).unwrap_or_else(|error| panic!("{error}"));
    for (number, line) in std::io::stdin().lock().lines().map_while(Result::ok).enumerate() {
        if line.is_empty() {
            while sinks.reports().iter().any(|report| report.queued > 0) {
                std::thread::sleep(Duration::from_millis(5));
            }
            eprintln!("kept");
            continue;
        }
        let alert: Alert = serde_json::from_str(&line).unwrap_or_else(|error| panic!("line {number}: {error}"));
        sinks.send(&alert);
        if talk {
            eprintln!("sent {number}");
        }
        if sinks.is_closed() {
            break;
        }
    }
    for report in sinks.drain(Duration::from_secs(drain)) {
        eprintln!("{report:?}");
    }
}
