//! The kernel's filter leaves out nothing that a rule wants.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(clippy::print_stderr, reason = "a skipped test must be seen")]

use std::collections::{BTreeSet, HashMap};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use seawall_model::{
    Argument, ArgumentValue, Container, Descriptor, Event, EventKind, File, Lineage, Observation, OverlayLayer,
    Process, ProcessKey,
};
use seawall_rules::{Assumption, Options, RuleSet, SHIPPED, Scratch};
use seawall_sensor::{DirectorySettings, Filter, KernelOptions, Sensor, SensorOptions};

/// What takes a moment is waited for so long: other work may have the machine for a while.
const LONG: Duration = Duration::from_secs(120);

/// Rules of every shape that the filter looks into, beside those that ship.
const ODD: &str = r#"
- rule: A
  desc: d
  condition: evt.type in (open, openat) and fd.name startswith /etc/a and not fd.name endswith .ok
  output: o
  priority: NOTICE
- rule: B
  desc: d
  condition: evt.type in (openat, openat2) and evt.is_open_write = true and (fd.directory = /opt/b or fd.name contains secret) and evt.rawres >= 0
  output: o
  priority: NOTICE
- rule: C
  desc: d
  condition: evt.type = openat and evt.is_open_read = true and fd.resolved pmatch (/srv/*/c, /home/c) and container.id != host
  output: o
  priority: NOTICE
- rule: D
  desc: d
  condition: evt.type in (open, openat, creat) and evt.failed = true and fd.filename = token
  output: o
  priority: NOTICE
- rule: E
  desc: d
  condition: evt.type = openat and not (container.id = host or evt.res != ENOENT) and fd.name glob "/proc/*/mem"
  output: o
  priority: NOTICE
- rule: F
  desc: d
  condition: evt.type in (connect, dup2, unlink) and (evt.rawres in (0, 2) or evt.res = EINPROGRESS) and container.id != host
  output: o
  priority: NOTICE
"#;

struct Alone(Process, HashMap<ProcessKey, Process>);

impl Lineage for Alone {
    fn process(&self, key: ProcessKey) -> Option<&Process> {
        self.1.get(&key)
    }
}

/// Numbers that look random and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % bound
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Words of the rules that look like paths, so that made-up paths come near to what the rules ask for.
fn path_words(texts: &[(&str, &str)]) -> Vec<String> {
    let words = texts.iter().flat_map(|(_, text)| text.split(|c: char| c.is_whitespace() || "(),\"'=".contains(c)));
    let words: BTreeSet<String> = words.filter(|w| w.contains('/') || w.starts_with('.')).map(str::to_owned).collect();
    words.into_iter().map(|w| w.replace('*', "x")).collect()
}

#[test]
fn what_a_rule_wants_always_crosses() {
    let mut texts = SHIPPED.to_vec();
    texts.push(("odd.yaml", ODD));
    let rules = RuleSet::load(&texts, &Options { all_match: true, ..Options::default() }).expect("loaded");
    let odd = RuleSet::load(&[("odd.yaml", ODD)], &Options { all_match: true, ..Options::default() }).expect("loaded");
    let mut words = path_words(&texts);
    words.extend(
        ["/home/c/x", "/srv/q/c/z", "/opt/b/n", "/usr/lib/libc.so.6", "/tmp/cc1.s", "/x/token"].map(str::to_owned),
    );
    for set in [&rules, &odd] {
        let filter = Filter::new(set, false);
        let (mut matched, mut dropped) = (0, 0);
        let mut numbers = Numbers(7);
        let mut scratch = Scratch::default();
        for _ in 0..60_000 {
            let (observed, event, assumption) = made(&mut numbers, &words);
            let observation = Observation { event: &event, process: &observed.0, lineage: &observed };
            let wanted = !set.evaluate(observation, &mut scratch).is_empty();
            let file = event.file();
            let (name, resolved) = (file.map_or(&b""[..], |f| &f.name), file.map_or(&b""[..], |f| &f.resolved));
            let crosses = filter.crosses(event.kind, &assumption, name, resolved);
            assert!(crosses || !wanted, "{event:?} in {:?}", observed.0.container);
            matched += usize::from(wanted);
            dropped += usize::from(!crosses);
        }
        // A test in which nothing is wanted, or nothing is left out, would say nothing.
        assert!(matched > 500 && dropped > 20_000, "{matched} wanted, {dropped} left out");
    }
}

fn made(numbers: &mut Numbers, words: &[String]) -> (Alone, Event, Assumption) {
    use EventKind::{Connect, Creat, Dup2, Open, Openat, Openat2, Unlink};
    let kind = numbers.one_of(&[Open, Openat, Openat, Openat, Openat2, Creat, Connect, Dup2, Unlink]);
    let opens = matches!(kind, Open | Openat | Openat2 | Creat);
    let path = |numbers: &mut Numbers| {
        let mut path = String::new();
        for _ in 0..=numbers.below(3) {
            path.push_str(&words[numbers.below(words.len())]);
        }
        // As the sensor gives them: absolute, and nothing to be taken out.
        let parts: Vec<_> = path.split('/').filter(|p| !matches!(*p, "" | "." | "..")).collect();
        format!("/{}", parts.join("/"))
    };
    let name = path(numbers);
    let result = numbers.one_of(&[3, 0, 2, 3, 7, -2, -13, -115]);
    let resolved = if numbers.below(3) > 0 { name.clone() } else { path(numbers) };
    let flags = if kind == Creat { 0o1101 } else { numbers.one_of(&[0, 1, 2, 0o101, 0o1102, 0o100_000]) };
    let raced = opens && numbers.below(50) == 0;
    let host = numbers.below(3) == 0;
    let layer = numbers.one_of(&[OverlayLayer::Upper, OverlayLayer::Lower, OverlayLayer::None]);
    let descriptor = opens.then(|| {
        Descriptor::File(File {
            number: result.max(-1),
            name: name.as_bytes().into(),
            given: name.as_bytes().into(),
            resolved: if result < 0 { "".into() } else { resolved.as_bytes().into() },
            raced: raced.then(|| "/x".into()),
            flags,
            layer,
            ..File::default()
        })
    });
    let mut arguments = vec![(Argument::Res, ArgumentValue::Number(result))];
    let argument = if kind == Unlink { Argument::Path } else { Argument::Name };
    let value = ArgumentValue::Path { absolute: name.as_bytes().into(), given: name.as_bytes().into() };
    arguments.push((argument, value));
    let id = numbers.one_of(&["4ee7e5a1d3f24b0c", "host", "web"]);
    let container = (!host).then(|| Arc::new(Container { id: id.to_owned(), ..Container::default() }));
    // What is opened is among the arguments, as of a script that an interpreter is given.
    let arguments_of = if numbers.below(2) == 0 { name.as_bytes().into() } else { Default::default() };
    let name = numbers.one_of(&["cat", "bash", "nginx", "dpkg"]);
    let process =
        Process { key: ProcessKey(1), name: name.into(), arguments: arguments_of, container, ..Process::default() };
    let event = Event {
        number: 9,
        time: 1,
        cpu: 0,
        kind,
        result,
        thread: 1,
        virtual_thread: 1,
        process: ProcessKey(1),
        arguments,
        descriptor,
    };
    let access = matches!(kind, Open | Openat).then_some(flags & 3);
    let (failed, is_upper) = (result < 0, layer == OverlayLayer::Upper);
    let lower = opens && !host && !failed && !is_upper;
    (Alone(process, HashMap::new()), event, Assumption { host, failed, access, raced, lower })
}

/// Rings are the kernel's; one sensor at a time keeps the counts of a test its own.
static ONE: Mutex<()> = Mutex::new(());

fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        assert!(std::env::var_os("CI").is_none(), "CI runs as root");
        eprintln!("SKIPPED: watching the kernel needs root");
    }
    root
}

fn sensor(rules: &str) -> Sensor {
    let rules = RuleSet::load(&[("test.yaml", rules)], &Options::default()).expect("loaded");
    let filter = Some(Arc::new(Filter::new(&rules, false)));
    Sensor::start(SensorOptions {
        kernel: KernelOptions { filter, ..KernelOptions::default() },
        kinds: rules.needs().kinds,
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    })
    .expect("started")
}

/// The names of the files that a script opened, as far as they crossed, until `last` is there.
fn opened(sensor: &mut Sensor, script: &str, last: &str) -> BTreeSet<String> {
    // What runs already is known a moment after the start, and with it which control groups are the host's.
    for _ in 0..4 {
        sensor.poll(Duration::from_millis(20), &mut |_| {}).expect("polled");
    }
    assert!(Command::new("/bin/sh").args(["-c", script]).status().expect("ran").success());
    let end = Instant::now() + LONG;
    let mut seen = BTreeSet::new();
    while !seen.contains(last) && Instant::now() < end {
        let tell = &mut |o: Observation<'_>| {
            let name = o.event.file().filter(|_| &*o.process.name == b"sh").map(|f| f.name.to_text());
            seen.extend(name);
        };
        sensor.poll(Duration::from_millis(50), tell).expect("polled");
    }
    assert!(seen.contains(last), "{last} is not among {seen:?}");
    seen
}

#[test]
fn only_paths_that_a_rule_wants_leave_the_kernel() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().canonicalize().expect("real").to_string_lossy().into_owned();
    for file in ["plain", "wanted", "linked"] {
        std::fs::write(folder.path().join(file), "x").expect("written");
    }
    std::os::unix::fs::symlink("linked", folder.path().join("link")).expect("linked");
    let mut sensor = sensor(&format!(
        "
- rule: A
  desc: d
  condition: >
    evt.type in (open, openat) and evt.is_open_read = true and fd.num >= 0
    and (fd.name endswith /wanted or fd.resolved = {real}/linked or fd.name startswith {real}/begins)
  output: o
  priority: NOTICE
- rule: B
  desc: d
  condition: evt.type in (open, openat) and evt.is_open_write = true and fd.name = {real}/written
  output: o
  priority: NOTICE
"
    ));
    let script = format!(
        "cd {real}; : < plain; : < wanted; : < {real}/plain; : < ./wanted; : < link; : > other; : > wanted; \
         : < ../{}/plain; mkdir begins; : > begins/a; : < begins/a; (: < missing/wanted) 2> /dev/null || true; : > written",
        real.rsplit('/').next().expect("a name")
    );
    let seen = opened(&mut sensor, &script, &format!("{real}/written"));
    let seen: Vec<_> = seen.iter().filter_map(|name| name.strip_prefix(&format!("{real}/"))).collect();
    // `plain` crosses where it was asked for with `..`, because such a path is made absolute outside of the kernel.
    assert_eq!(seen, ["begins/a", "link", "plain", "wanted", "written"]);
}

/// A name lies in the dentry up to 31 bytes, and elsewhere from there on; a link's name may differ from its file's anywhere.
#[test]
fn names_of_every_length_are_looked_at_whole() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().canonicalize().expect("real").to_string_lossy().into_owned();
    let (mut script, mut expected) = (format!("cd {real}; "), BTreeSet::new());
    for length in [1, 7, 8, 9, 15, 16, 23, 24, 29, 30, 31, 32, 33, 40, 63, 64, 200, 255] {
        let name = |last: char| format!("{}{last}", "n".repeat(length - 1));
        std::fs::write(folder.path().join(name('f')), "x").expect("written");
        std::os::unix::fs::symlink(name('f'), folder.path().join(name('l'))).expect("linked");
        script += &format!(": < {}; : < {}; : < {real}/{}; ", name('f'), name('l'), name('l'));
        expected.insert(format!("{real}/{}", name('l')));
    }
    script += ": < last.l";
    std::fs::write(folder.path().join("last.l"), "x").expect("written");
    expected.insert(format!("{real}/last.l"));
    let mut sensor = sensor(
        "
- rule: A
  desc: d
  condition: evt.type in (open, openat) and fd.name endswith l
  output: o
  priority: NOTICE
",
    );
    assert_eq!(opened(&mut sensor, &script, &format!("{real}/last.l")), expected);
}

#[test]
fn what_needs_a_container_does_not_cross_from_the_host() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let folder = tempfile::tempdir().expect("a folder");
    let real = folder.path().canonicalize().expect("real").to_string_lossy().into_owned();
    let mut sensor = sensor(
        "
- rule: A
  desc: d
  condition: evt.type in (open, openat) and container.id != host
  output: o
  priority: NOTICE
- rule: B
  desc: d
  condition: evt.type in (open, openat) and evt.is_open_write = true and fd.filename = last
  output: o
  priority: NOTICE
",
    );
    let script = format!("cd {real}; : > first; : > last");
    let seen = opened(&mut sensor, &script, &format!("{real}/last"));
    assert_eq!(seen, BTreeSet::from([format!("{real}/last")]));
}

/// A control group of this test, called like a container's where that is asked for.
struct Group(std::path::PathBuf);

impl Group {
    fn new(name: &str) -> Self {
        let roots = ["/sys/fs/cgroup/pids", "/sys/fs/cgroup"];
        let root = roots.into_iter().find(|r| std::path::Path::new(r).join("cgroup.procs").exists());
        let path = std::path::Path::new(root.expect("control groups")).join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a control group");
        Self(path)
    }

    fn run(&self, script: &str) {
        let script = format!("echo $$ > {}/cgroup.procs; {script}", self.0.display());
        assert!(Command::new("/bin/bash").args(["-c", &script]).env_clear().status().expect("ran").success());
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // What ran in it has ended; a moment later the group is empty.
        for _ in 0..50 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn a_flood_does_not_make_others_lose_events() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let (flooding, quiet) = (Group::new("seawall-flooding"), Group::new("seawall-quiet"));
    let mut sensor = Sensor::start(SensorOptions {
        kernel: KernelOptions { event_ring: 1 << 20, ..KernelOptions::default() },
        kinds: BTreeSet::from([EventKind::Open, EventKind::Openat]),
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    })
    .expect("started");
    // Nobody reads meanwhile: the ring would be full many times over.
    flooding.run("for i in {1..20000}; do : < /dev/null; done");
    quiet.run(": < /etc/hostname");
    let end = Instant::now() + LONG;
    let (mut seen, mut from_flood) = (false, 0);
    while !seen && Instant::now() < end {
        let tell = &mut |o: Observation<'_>| {
            let name = o.event.file().map(|f| f.name.to_text()).unwrap_or_default();
            seen |= name == "/etc/hostname";
            from_flood += usize::from(name == "/dev/null");
        };
        sensor.poll(Duration::from_millis(20), tell).expect("polled");
    }
    assert!(seen, "the other group's event was lost");
    let losses = sensor.losses();
    let lost: u64 = losses.iter().map(|loss| loss.count).sum();
    let worst = losses.first().expect("the flood lost events");
    assert!(matches!(worst.kind, Some(EventKind::Open | EventKind::Openat)), "{worst:?}");
    assert!(worst.count > 10_000 && worst.count * 10 > lost * 9, "{losses:?}");
    assert!(from_flood > 50, "the flood itself is seen as far as there is room: {from_flood}");
    let statistics = sensor.statistics();
    let total: u64 = statistics.lost_events.iter().chain(&statistics.lost_unfair).sum();
    assert_eq!(total, lost, "every loss is counted by processor and by group: {statistics:?}");
    assert_eq!(sensor.losses(), [], "what was told is not told again");
}

#[test]
fn a_flood_of_processes_makes_no_other_lose_an_exec_and_leaves_no_ghosts() {
    if !is_root() {
        return;
    }
    let _one = ONE.lock();
    let (flooding, quiet) = (Group::new("seawall-bomb"), Group::new("seawall-calm"));
    let mut sensor = Sensor::start(SensorOptions {
        kernel: KernelOptions { life_ring: 1 << 18, ..KernelOptions::default() },
        kinds: BTreeSet::new(),
        directory: DirectorySettings::below("/nonexistent"),
        containers_only: false,
        identity_wait: Duration::ZERO,
    })
    .expect("started");
    // Nobody reads meanwhile: the ring would be full many times over. The last is one whose records are lost as well.
    let ends = tempfile::NamedTempFile::new().expect("a file");
    let flood = "python3 -c 'import os
for flood in range(2000):
    child = os.fork()
    if child == 0: os._exit(0)
    os.waitpid(child, 0)'; for i in {1..50}; do /bin/true flood; done";
    flooding.run(&format!("{flood}; sleep 300 & echo $! > {}", ends.path().display()));
    for _ in 0..5 {
        quiet.run("/bin/echo calm");
    }
    let sleeper: u32 = std::fs::read_to_string(ends.path()).expect("read").trim().parse().expect("a PID");
    let (mut calm, mut from_flood, end) = (0, 0, Instant::now() + LONG);
    let mut healed = false;
    while Instant::now() < end && !healed {
        let tell = &mut |o: Observation<'_>| {
            let ran = o.event.kind == EventKind::Execve;
            calm += usize::from(ran && &*o.process.command_line == b"echo calm");
            from_flood += usize::from(ran && &*o.process.command_line == b"true flood");
        };
        sensor.poll(Duration::from_millis(20), tell).expect("polled");
        // Who ended without being told is found out, and so is who runs what.
        let known = sensor.running().find(|p| p.pid == sleeper);
        let of_flood = sensor.running().filter(|p| p.command_line.to_text().contains("flood"));
        let ghosts = of_flood.filter(|p| !std::path::Path::new(&format!("/proc/{}", p.pid)).exists()).count();
        healed = ghosts == 0 && known.is_some_and(|p| &*p.command_line == b"sleep 300");
    }
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(sleeper.cast_signed()).expect("a PID"),
        rustix::process::Signal::KILL,
    )
    .expect("killed");
    assert_eq!(calm, 5, "the other group's programs");
    assert!((1..=50).contains(&from_flood), "the flood itself is seen as far as there is room: {from_flood}");
    assert!(healed, "{:?}", sensor.running().map(|p| (p.pid, p.command_line.to_text())).collect::<Vec<_>>());
    let losses = sensor.losses();
    let worst = losses.first().expect("the flood lost records");
    assert!(worst.kind.is_none() && worst.count > 1000, "{losses:?}");
    let lost: u64 = losses.iter().map(|loss| loss.count).sum();
    assert_eq!(
        sensor.statistics().lost_life.iter().sum::<u64>(),
        lost,
        "every loss is counted by processor and by group"
    );
}
