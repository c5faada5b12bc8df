//! Fuzz targets: one for each parser of hostile bytes. A target takes any bytes and must neither panic nor run long.
//!
//! They build and run on stable: `cargo run --release --manifest-path fuzz/Cargo.toml -- --iterations N` mutates the
//! cases of `testdata/` with a fixed generator, so that a run can be repeated. A target is one file in `targets/` and
//! one line in [`targets`].

mod mutate;
mod targets;

pub use mutate::{Mutator, corpus};
pub use targets::{Target, targets};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// An input that a target could not take.
#[derive(Debug)]
pub struct Failure {
    /// The target's name.
    pub target: String,
    /// `panic` or `slow`.
    pub what: &'static str,
    /// The input.
    pub input: Vec<u8>,
}

/// Longer than this for one input is a failure.
const SLOW: Duration = Duration::from_secs(5);

/// Runs a target over mutations of its corpus.
pub fn run(target: &Target, iterations: u64, seed: u64) -> Option<Failure> {
    let seeds = corpus(&target.corpus);
    let mut mutator = Mutator::new(seed);
    for index in 0..iterations {
        let at = usize::try_from(index).unwrap_or(0) % seeds.len();
        // Every seed goes through unchanged once.
        let input = if (index as usize) < seeds.len() { seeds[at].clone() } else { mutator.mutate(&seeds[at], &seeds) };
        let start = Instant::now();
        let result = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        let what = match result {
            Err(_) => "panic",
            Ok(()) if start.elapsed() > SLOW => "slow",
            Ok(()) => continue,
        };
        return Some(Failure { target: target.name.clone(), what, input });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cataloger_has_a_target() {
        let names: Vec<String> = targets().into_iter().map(|t| t.name).collect();
        for cataloger in seawall_inspect::CATALOGERS {
            assert!(names.contains(&format!("cataloger-{}", cataloger.id())), "{}", cataloger.id());
        }
        for source in seawall_advisory::SOURCES {
            assert!(names.contains(&format!("source-{}", source.id())), "{}", source.id());
        }
    }

    #[test]
    fn a_planted_bug_is_found() {
        let planted = Target {
            name: "planted".to_owned(),
            corpus: Vec::new(),
            run: Box::new(|bytes| assert!(bytes.first() != Some(&0xff), "planted")),
        };
        assert_eq!(run(&planted, 20_000, 7).map(|f| f.what), Some("panic"));
    }
}
