//! `seawall-bench-rules FILE…`: loads rule files, judges the same events by both evaluators, checks that they agree, and
//! prints the median time an event of both. Every second event is of an ordinary kind; see `generator.rs`.

use std::collections::BTreeMap;
use std::time::Instant;

use seawall_bench_rules::generator::{Observed, Random, Words, observe};
use seawall_bench_rules::walker::Walker;
use seawall_rules::{Options, RuleSet, Scratch};

const EVENTS: u64 = 20_000;
const ROUNDS: usize = 5;
/// The same event is judged so many times in a row: the process table of a node is warm, and the clock is not free.
const REPEATS: u128 = 16;

fn main() {
    let files: Vec<(String, String)> = std::env::args()
        .skip(1)
        .map(|path| (path.clone(), std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))))
        .collect();
    let named: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let started = Instant::now();
    let set =
        RuleSet::load(&named, &Options { all_match: true, ..Options::default() }).unwrap_or_else(|e| panic!("{e}"));
    let loading = started.elapsed();
    let walker = Walker::new(&set, &BTreeMap::new());
    let conditions: Vec<&str> = set.rules().iter().map(|rule| rule.condition_text.as_str()).collect();
    let (mut random, words) = (Random::new(7), Words::of(&conditions));
    let events: Vec<Observed> = (0..EVENTS).map(|number| observe(&mut random, &words, number + 1)).collect();

    let mut scratch = Scratch::default();
    let mut matches = 0;
    for event in &events {
        let compiled = set.evaluate(event.observation(), &mut scratch);
        assert_eq!(compiled, walker.evaluate(event.observation()), "{:?}", event.event);
        matches += compiled.len();
    }
    println!("{} rules loaded in {loading:.1?}; {EVENTS} events, {matches} matches, both agree", set.rules().len());

    // For a profiler: the compiled rules alone, on the events of one kind.
    if let Ok(kind) = std::env::var("SEAWALL_PROFILE") {
        let chosen: Vec<_> = events.iter().filter(|event| event.event.kind.name() == kind).collect();
        for _ in 0..1000 {
            for event in &chosen {
                std::hint::black_box(set.evaluate(event.observation(), &mut scratch));
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
