//! Many events: none is lost, and nothing is kept of them. `SEAWALL_SOAK=1000000` makes it as many (bench/guard/soak.py runs
//! the whole guard so).
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen, and what was measured")]

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use seawall_model::EventKind;
use seawall_rules::{Options, RuleSet, SHIPPED};
use seawall_sensor::{DirectorySettings, Guard, KernelOptions, Sensor, SensorOptions};

/// Events that wait are kept, and a table grows in steps: what is kept for good would be more than this.
const GROWTH: u64 = 12 << 20;

/// So many may wait to be read: with as much as half the ring each group has a share only.
const AHEAD: u64 = 4_000;

fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("read");
    let line = text.lines().find_map(|l| l.strip_prefix("RssAnon:")).expect("a line");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).expect("a number") << 10
}

#[test]
fn many_events_are_neither_lost_nor_kept() {
    if !rustix::process::geteuid().is_root() {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
        return;
    }
    let wanted: u64 = std::env::var("SEAWALL_SOAK").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let rules = RuleSet::load(SHIPPED, &Options::default()).expect("loaded");
    let mut guard = Guard::new(rules, "test", "observe");
    // Its own calls are the events, and no filter leaves them out.
    let kernel = KernelOptions { own_pid: 0, ..KernelOptions::default() };
    let mut sensor = Sensor::start(SensorOptions {
        kernel,
        kinds: BTreeSet::from([EventKind::Open, EventKind::Openat]),
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    })
    .expect("started");
    let processes = sensor.statistics().processes;
    let (done, over, read) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0));
    let (mut seen, mut warm, mut spent) = (0_u64, 0, Duration::ZERO);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0..wanted {
                drop(std::fs::File::open("/dev/null"));
                // As many as one core makes would be as many as another can read; a hundred a millisecond is what is asked.
                // A machine with other work may let the reader wait.
                if number % 200 == 0 {
                    std::thread::sleep(Duration::from_millis(2));
                    while number > read.load(Ordering::SeqCst) + AHEAD && !over.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(2));
                    }
                }
            }
            for _ in 0..300 {
                assert!(Command::new("/bin/true").status().expect("ran").success());
            }
            done.store(true, Ordering::SeqCst);
        });
        let end = Instant::now() + Duration::from_secs(300);
        let mut last = 0;
        while last < 20 && Instant::now() < end {
            last += u32::from(done.load(Ordering::SeqCst));
            let began = Instant::now();
            sensor
                .poll(Duration::from_millis(5), &mut |o| {
                    seen += u64::from(o.event.file().is_some_and(|f| &*f.name == b"/dev/null"));
                    guard.judge(o, &mut |_| {});
                })
                .expect("polled");
            spent += began.elapsed();
            read.store(seen, Ordering::SeqCst);
            if warm == 0 && seen > wanted / 5 {
                warm = resident();
            }
        }
        over.store(true, Ordering::SeqCst);
    });
    let statistics = sensor.statistics();
    let lost: u64 =
        [&statistics.lost_life, &statistics.lost_events, &statistics.lost_unfair].into_iter().flatten().sum();
    let after = resident();
    eprintln!("{seen} events, {lost} lost, {spent:?} with waiting; {warm} and {after} bytes");
    assert!(seen >= wanted.saturating_sub(lost), "{seen} of {wanted} seen, {lost} counted as lost");
    assert_eq!(lost, 0, "{statistics:?}");
    assert!(after < warm + GROWTH, "{warm} bytes at first, {after} at the end");
    // Others on this machine run programs, too.
    assert!(statistics.processes < processes + 200, "{processes} processes at first, {} now", statistics.processes);
}
