//! `seawall-bench-rules FILE…`: loads rule files, judges the same events by both evaluators, checks that they agree, and
//! prints the median time an event of both. Files that end in `.swrec` are recordings, whose events are judged; without
//! any they are generated, every second one of an ordinary kind (see `generator.rs`).

use std::collections::BTreeMap;
use std::time::Instant;

use seawall_bench_rules::generator::{Random, Words, observe};
use seawall_bench_rules::recorded::{Case, Keeper};
use seawall_bench_rules::recording::replay;
use seawall_bench_rules::walker::Walker;
use seawall_model::Observation;
use seawall_rules::{Options, RuleSet, Scratch};

/// So many are generated.
const EVENTS: u64 = 20_000;
/// So many of a recording are timed; both must agree on all.
const MOST: usize = 100_000;
const ROUNDS: usize = 5;
/// The same event is judged so many times in a row: the process table of a node is warm, and the clock is not free.
const REPEATS: u128 = 16;

fn main() {
    let (recordings, files): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|path| path.ends_with(".swrec"));
    let files: Vec<(String, String)> = files
        .into_iter()
        .map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))))
        .collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let started = Instant::now();
    let set =
        RuleSet::load(&named, &Options { all_match: true, ..Options::default() }).unwrap_or_else(|e| panic!("{e}"));
    println!("{} rules loaded in {:.1?}", set.rules().len(), started.elapsed());
    let walker = Walker::new(&set, &BTreeMap::new());
    let mut scratch = Scratch::default();
    let (mut judged, mut matches) = (0_u64, 0);
    let mut check = |observation: Observation<'_>| {
        let compiled = set.evaluate(observation, &mut scratch);
        assert_eq!(compiled, walker.evaluate(observation), "{:?}", observation.event);
        judged += 1;
        matches += compiled.len();
    };
    let events: Vec<Case> = if recordings.is_empty() {
        let conditions: Vec<&str> = set.rules().iter().map(|rule| rule.condition_text.as_str()).collect();
        let (mut random, words) = (Random::new(7), Words::of(&conditions));
        (0..EVENTS).map(|number| observe(&mut random, &words, number + 1).into()).collect()
    } else {
        let mut keeper = Keeper::default();
        for path in &recordings {
            let file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{path}: {error}"));
            let tell = &mut |observation: Observation<'_>| {
                check(observation);
                if keeper.cases.len() < MOST {
                    keeper.keep(observation);
                }
            };
            replay(std::io::BufReader::new(file), tell).unwrap_or_else(|error| panic!("{path}: {error}"));
        }
        keeper.cases
    };
    if recordings.is_empty() {
        events.iter().for_each(|event| check(event.observation()));
    }
    println!("{judged} events, {matches} matches, both agree; {} timed", events.len());

    // For a profiler: the compiled rules alone, on the events of one kind, or of all.
    if let Ok(kind) = std::env::var("SEAWALL_PROFILE") {
        let chosen: Vec<_> = events.iter().filter(|event| kind == "all" || event.event.kind.name() == kind).collect();
        let rounds = std::env::var("SEAWALL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
        for _ in 0..rounds {
            for event in &chosen {
                for _ in 0..REPEATS {
                    std::hint::black_box(set.evaluate(event.observation(), &mut scratch));
                }
            }
        }
        return;
    }
    let mut compiled = Samples::new(events.len());
    let mut walked = Samples::new(events.len());
    for _ in 0..ROUNDS {
        for (index, event) in events.iter().enumerate() {
            // Finding the process is the sensor's work, which has done it before.
            let observation = event.observation();
            compiled.add(index, || {
                std::hint::black_box(set.evaluate(std::hint::black_box(observation), &mut scratch));
            });
            walked.add(index, || {
                std::hint::black_box(walker.evaluate(std::hint::black_box(observation)));
            });
        }
    }
    let mut kinds: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, event) in events.iter().enumerate() {
        kinds.entry(event.event.kind.name()).or_default().push(index);
    }
    let every: Vec<usize> = (0..events.len()).collect();
    println!(
        "| events | count | compiled, median ns | p99 ns | walked, median ns | ratio |\n|---|---|---|---|---|---|"
    );
    let row = |name: &str, indices: &[usize]| {
        let (fast, slow) = (compiled.quantile(indices, 50), walked.quantile(indices, 50));
        let ratio = slow as f64 / fast.max(1) as f64;
        println!("| {name} | {} | {fast} | {} | {slow} | {ratio:.1} |", indices.len(), compiled.quantile(indices, 99));
    };
    row("all", &every);
    for (kind, indices) in kinds.iter().filter(|(_, indices)| indices.len() > 300) {
        row(kind, indices);
    }
}

/// The quickest time of each event over the rounds: the others were disturbed.
struct Samples(Vec<u128>);

impl Samples {
    fn new(count: usize) -> Self {
        Self(vec![u128::MAX; count])
    }

    fn add(&mut self, index: usize, mut run: impl FnMut()) {
        run();
        let started = Instant::now();
        for _ in 0..REPEATS {
            run();
        }
        let taken = started.elapsed().as_nanos() / REPEATS;
        self.0[index] = self.0[index].min(taken);
    }

    fn quantile(&self, indices: &[usize], percent: usize) -> u128 {
        let mut taken: Vec<u128> = indices.iter().map(|index| self.0[*index]).collect();
        taken.sort_unstable();
        taken[(taken.len() - 1) * percent / 100]
    }
}
