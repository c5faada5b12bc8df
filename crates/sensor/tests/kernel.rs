//! The programs in this machine's kernel.

use seawall_sensor::{Call, Kernel, KernelOptions};

#[test]
fn loads() {
    let openat = Call { path: [1, -1], folder: [0, -1], descriptor: Call::RETURNED, enter: true, ..Call::PLAIN };
    let mut kernel = Kernel::load(&KernelOptions::default(), &[(257, openat)]).expect("loaded");
    for (hook, state) in kernel.hooks() {
        println!("{hook:?} {}", format!("{state:?}").replace("\\n","\n").lines().rev().take(25).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    kernel.snapshot().expect("a snapshot");
    std::process::Command::new("true").status().expect("ran");
    std::thread::sleep(std::time::Duration::from_millis(100));
    let mut n = [0; 8];
    kernel.read(100_000, &mut |bytes| n[bytes[4] as usize] += 1);
    println!("{n:?} {:?}", kernel.drops());
}
