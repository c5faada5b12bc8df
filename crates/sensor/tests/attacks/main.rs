//! Attacks in real containers of a real engine raise the rules that they should, with the right container; ordinary work
//! does not. Needs root, a kernel that lets programs watch, and dockerd; a machine without says so loudly.
//!
//! A case is a folder of testdata/attacks (for the rules that ship) or testdata/attacks/generator (for Falco's three files):
//! docs/how-to/add-a-rule.md says what is in it.
#![allow(clippy::disallowed_methods, reason = "tests read their own files")]
#![allow(unreachable_pub, missing_docs, dead_code, reason = "a test, and a source that is shared with bench/rules")]

mod agreement;
mod case;
mod containers;
mod root;
mod table;
#[path = "../../../../bench/rules/src/walker.rs"]
mod walker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seawall_io::LocalAddress;
use seawall_model::{Alert, ContainerEngine, FieldValue};
use seawall_rules::{Options, RuleSet, SHIPPED, Selection, Supply, Which};
use seawall_sensor::{DirectorySettings, EngineSocket, Guard, Sensor, SensorOptions, supplied_kinds};
use seawall_testkit::{Dockerd, shared};

use agreement::Agreement;
use case::{Case, Script};
use containers::{Containers, Outcome};

/// What happened after the last container still comes within this time.
const SETTLE: Duration = Duration::from_secs(2);
const FALCO: [&str; 3] = ["falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml"];

/// What one container's guard said: rules, and what was wrong with the identity.
#[derive(Default)]
struct Raised {
    rules: BTreeSet<String>,
    faults: Vec<String>,
    outputs: Vec<String>,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

fn options(selection: Vec<Selection>) -> Options {
    let kinds = supplied_kinds().into_iter().collect();
    Options {
        all_match: true,
        selection,
        supply: Supply { kinds: Some(kinds), ..Supply::default() },
        ..Options::default()
    }
}

/// The rules that ship, read again, so that a change of a rule is tried without a build.
fn own() -> RuleSet {
    let folder = repository().join("crates/rules/rulesets");
    let texts: Vec<_> =
        SHIPPED.iter().map(|(n, _)| std::fs::read_to_string(folder.join(n)).expect("readable")).collect();
    let files: Vec<_> = SHIPPED.iter().zip(&texts).map(|((name, _), text)| (*name, text.as_str())).collect();
    RuleSet::load(&files, &options(Vec::new())).unwrap_or_else(|e| panic!("{e}"))
}

/// Falco's three files as they are, those that they switch off switched on.
fn falco() -> Option<RuleSet> {
    let folder = shared("falco-rules")?;
    let texts = FALCO.map(|name| std::fs::read_to_string(folder.join(name)).expect("readable"));
    let files: Vec<_> = FALCO.iter().zip(&texts).map(|(name, text)| (*name, text.as_str())).collect();
    let everything = Selection { enable: true, which: Which::Rule("*".to_owned()) };
    Some(RuleSet::load(&files, &options(vec![everything])).unwrap_or_else(|e| panic!("{e}")))
}

/// Names that rules ask for lead to the network that the cases share: the cluster's interface to an address of its own, all
/// others, which are pools of miners, to the one of the world.
fn with_addresses(rules: RuleSet) -> (Guard, Agreement) {
    let address = |name: &str| if name.starts_with("kubernetes.") { containers::CLUSTER } else { containers::WORLD };
    let addresses = rules.needs().domains.into_iter().map(|name| (name.clone(), vec![address(&name)])).collect();
    rules.set_addresses(&addresses);
    let agreement = Agreement::new(&rules, &addresses);
    (Guard::new(rules, "node", "observe"), agreement)
}

#[test]
fn attacks_raise_their_rules_and_ordinary_work_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(engine) = Dockerd::start_with(folder.path(), "overlay2") else { return };
    let begin = Instant::now();
    let all = case::read(&repository().join("testdata/attacks"));
    let falco_rules = falco();
    let only = std::env::var("SEAWALL_ATTACK").ok();
    let cases: Vec<Case> = all
        .into_iter()
        .filter(|c| falco_rules.is_some() || !c.generator)
        .filter(|c| only.as_ref().is_none_or(|o| c.id.contains(o.as_str())))
        .collect();
    engine.import(&root::archive(&folder.path().join("root")), containers::REPOSITORY, containers::TAG);
    eprintln!("MEASURE image after {:?}", begin.elapsed());

    let mut guards: Vec<_> = [Some(own()), falco_rules].into_iter().flatten().map(with_addresses).collect();
    let needs = guards.iter().map(|(guard, _)| guard.rules().needs());
    let (mut kinds, mut environment, mut buffer) = (BTreeSet::new(), false, false);
    for need in needs {
        kinds.extend(need.kinds);
        environment |= need.environment;
        buffer |= need.buffer;
    }
    let mut settings = SensorOptions {
        kernel: Default::default(),
        kinds,
        directory: DirectorySettings {
            engines: vec![EngineSocket {
                engine: ContainerEngine::Docker,
                address: LocalAddress::Unix(engine.socket()),
            }],
            docker_folder: engine.data(),
            // An engine that has other work is waited for.
            stall: containers::LONGEST,
            ..DirectorySettings::below("/")
        },
        containers_only: false,
        identity_wait: containers::LONGEST,
    };
    settings.kernel.event_ring = 64 << 20;
    settings.kernel.environment = environment;
    settings.kernel.data = if buffer { 80 } else { 0 };
    let mut sensor = match Sensor::start(settings) {
        Ok(sensor) => sensor,
        Err(error) => {
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "where CI=true this must not be: {error}");
            eprintln!("SKIPPED: {error}");
            return;
        }
    };

    let containers = Containers::new(&engine, folder.path());
    let mut raised: BTreeMap<(String, usize), Raised> = BTreeMap::new();
    let outcomes = round(&mut sensor, &mut guards, &mut raised, &containers, &|| containers.run(&cases));
    // On a machine with other work a process can be told late, or a container's names come late. Whatever is not as it
    // should be is done once more, by itself; what is a fault stays one.
    let is_wrong = |outcome: &Outcome, raised: &BTreeMap<(String, usize), Raised>| {
        let case = &cases[outcome.case];
        let at = |number: usize| raised.get(&(outcome.name.clone(), number));
        !judged(case, outcome, &at_rules(raised, outcome, usize::from(case.generator))).is_empty()
            || (0..2).any(|number| at(number).is_some_and(|r| !r.faults.is_empty()))
    };
    let (again, mut done): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|o| is_wrong(o, &raised));
    for outcome in &again {
        eprintln!("ONCE MORE: {}", outcome.name);
        raised.retain(|(name, _), _| *name != outcome.name);
    }
    done.extend(round(&mut sensor, &mut guards, &mut raised, &containers, &|| containers.again(&cases, &again)));
    done.sort_by(|a, b| (a.case, a.script.file()).cmp(&(b.case, b.script.file())));
    let outcomes = done;
    let statistics = sensor.statistics();
    eprintln!("MEASURE {} containers after {:?}: {statistics:?}", outcomes.len(), begin.elapsed());

    let mut faults = Vec::new();
    let nothing = Raised::default();
    for outcome in &outcomes {
        let case = &cases[outcome.case];
        let at = |number| raised.get(&(outcome.name.clone(), number)).unwrap_or(&nothing);
        let found = at(usize::from(case.generator));
        let wrong = judged(case, outcome, &found.rules);
        if !wrong.is_empty() {
            let log = containers.log(outcome);
            let outputs = found.outputs.join("\n    ");
            faults.push(format!("{}: {}\n    {outputs}\n  its output: {}", outcome.name, wrong.join("; "), log.trim()));
        }
        for number in 0..guards.len() {
            faults.extend(at(number).faults.iter().cloned());
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    let lost: u64 = statistics.lost_life.iter().chain(&statistics.lost_events).chain(&statistics.lost_packets).sum();
    // Containers without a name can be those of another engine of this machine; of ours every alert was looked at.
    assert_eq!((lost, statistics.unreadable), (0, 0), "{statistics:?}");
    for (_, agreement) in &guards {
        let (compared, matches) = agreement.counts();
        eprintln!("MEASURE both evaluators agree on {compared} events, {matches} matches");
        assert!(only.is_some() || (compared > 1_000 && matches > 50), "{compared} {matches}");
    }
    if only.is_none() && guards.len() == 2 {
        let rules = guards[0].0.rules().rules();
        let untested: Vec<_> =
            rules.iter().filter(|r| !cases.iter().any(|c| c.rule == r.name && !c.generator)).collect();
        assert!(untested.is_empty(), "no case: {:?}", untested.iter().map(|r| &r.name).collect::<Vec<_>>());
        let said = |o: &Outcome| at_rules(&raised, o, usize::from(cases[o.case].generator));
        table::keep(&repository(), &table::page(rules, &cases, &outcomes, &said));
    }
}

/// Watches while `work` runs, and a little longer.
fn round(
    sensor: &mut Sensor,
    guards: &mut [(Guard, Agreement)],
    raised: &mut BTreeMap<(String, usize), Raised>,
    containers: &Containers<'_>,
    work: &(dyn Fn() -> Vec<Outcome> + Sync),
) -> Vec<Outcome> {
    std::thread::scope(|scope| {
        let work = scope.spawn(work);
        // So many polls that all that happened is read, whatever else the machine does.
        let (mut end, mut polls) = (None, 0);
        while polls < 100 || end.is_none_or(|end| Instant::now() < end) {
            sensor
                .poll(Duration::from_millis(20), &mut |observation| {
                    for (number, (guard, agreement)) in guards.iter_mut().enumerate() {
                        agreement.check(guard.rules(), observation);
                        guard.judge(observation, &mut |alert| note(raised, number, &alert, containers));
                    }
                })
                .expect("polled");
            if end.is_none() && work.is_finished() {
                end = Some(Instant::now() + SETTLE);
            }
            polls += u32::from(end.is_some());
        }
        work.join().expect("the cases ran")
    })
}

fn at_rules(raised: &BTreeMap<(String, usize), Raised>, outcome: &Outcome, number: usize) -> BTreeSet<String> {
    raised.get(&(outcome.name.clone(), number)).map(|r| r.rules.clone()).unwrap_or_default()
}

/// What is not as the case says.
fn judged(case: &Case, outcome: &Outcome, rules: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut wanted: BTreeSet<String> = case.also.get(outcome.script.stem()).into_iter().flatten().cloned().collect();
    match outcome.script {
        Script::Attack(_) => {
            wanted.insert(case.rule.clone());
        }
        Script::Benign if outcome.exit != Some(0) && outcome.skipped.is_none() => {
            wrong.push(format!("it ended with {:?}", outcome.exit));
        }
        Script::Benign => {}
    }
    if let Some(reason) = &outcome.skipped {
        // Only where the machine itself lacks a capability that a privileged container is given (docs/limits.md).
        #[allow(clippy::print_stderr, reason = "a skipped case must be seen")]
        {
            eprintln!("SKIPPED: {}: {}", outcome.name, reason.trim());
        }
        return wrong;
    }
    for missing in wanted.difference(rules) {
        wrong.push(format!("`{missing}` was not raised"));
    }
    // Falco's rules overlap widely; of ours each alert is asked for.
    if !case.generator {
        for extra in rules.difference(&wanted) {
            wrong.push(format!("`{extra}` was raised"));
        }
    } else if outcome.script == Script::Benign && rules.contains(&case.rule) {
        wrong.push(format!("`{}` was raised", case.rule));
    }
    if let Some(problem) = &outcome.problem {
        wrong.push(problem.clone());
    }
    wrong
}

/// Keeps an alert, and says what is wrong with the container that it names.
fn note(raised: &mut BTreeMap<(String, usize), Raised>, number: usize, alert: &Alert, containers: &Containers<'_>) {
    let Some(container) = &alert.seawall.container else { return };
    let name = container.name.clone().unwrap_or_default();
    let Some(id) = containers.id(&name) else {
        // The engine's own, or an alert whose container has no name: the latter is a fault of whoever's it is.
        if let Some(name) = containers.name(&container.id) {
            let fault = format!("{name}: `{}` says the container's name is {:?}", alert.rule, container.name);
            raised.entry((name, number)).or_default().faults.push(fault);
        }
        return;
    };
    let entry = raised.entry((name.clone(), number)).or_default();
    let image = format!("{}:{}", containers::REPOSITORY, containers::TAG);
    if container.id != id || container.image.as_deref() != Some(image.as_str()) {
        entry.faults.push(format!("{name}: `{}` says {:?} {:?}", alert.rule, container.id, container.image));
    }
    for (field, value) in alert
        .output_fields
        .iter()
        .filter(|(f, _)| matches!(f.as_str(), "container.id" | "container.name" | "container.image.repository"))
    {
        let missing = match value {
            FieldValue::Null => true,
            FieldValue::Text(text) => text == "<NA>" || text == "host" || text.is_empty(),
            _ => false,
        };
        if missing {
            entry.faults.push(format!("{name}: `{}` has {field}={value:?}", alert.rule));
        }
    }
    if entry.rules.insert(alert.rule.clone()) {
        entry.outputs.push(format!("[{}] {}", alert.rule, alert.output.trim()));
    }
}
