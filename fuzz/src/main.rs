//! `seawall-fuzz [--iterations N] [--seed S] [TARGET…]`

use seawall_fuzz::{run, targets};

fn main() {
    let (mut iterations, mut seed, mut wanted) = (2_000u64, 1u64, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = || arguments.next().and_then(|n| n.parse().ok()).expect("a number");
        match argument.as_str() {
            "--iterations" => iterations = number(),
            "--seed" => seed = number(),
            name => wanted.push(name.to_owned()),
        }
    }
    std::panic::set_hook(Box::new(|info| eprintln!("{info}")));
    let mut failed = 0;
    let mut count = 0;
    for target in targets().iter().filter(|t| wanted.is_empty() || wanted.contains(&t.name)) {
        count += 1;
        if let Some(failure) = run(target, iterations, seed) {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("artifacts");
            std::fs::create_dir_all(&folder).expect("a folder");
            let file = folder.join(format!("{}-{}", failure.target, failure.what));
            std::fs::write(&file, &failure.input).expect("writable");
            eprintln!("{}: {} on {}", failure.target, failure.what, file.display());
            failed += 1;
        }
    }
    println!("{count} targets, {iterations} iterations each: {} passed, {failed} failed", count - failed);
    std::process::exit(i32::from(failed > 0));
}
