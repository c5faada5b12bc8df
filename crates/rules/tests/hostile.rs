//! Files that are broken, enormous or made to explode: errors with a place, soon.
#![allow(unreachable_pub, missing_docs, reason = "a test")]
#![allow(clippy::disallowed_methods, reason = "the kernel's own file")]

use std::fmt::Write as _;
use std::time::Duration;

use seawall_rules::{Options, RuleSet};

/// The processor's time that this thread had so far: other work on the machine does not count.
fn spent() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells it");
    Duration::from_nanos(text.split(' ').next().and_then(|n| n.parse().ok()).expect("a number"))
}

fn refused(text: &str) -> String {
    let started = spent();
    let error = RuleSet::load(&[("hostile.yaml", text)], &Options::default()).err().expect("it is refused").to_string();
    let took = spent() - started;
    assert!(took < Duration::from_secs(20), "{took:?}");
    assert!(error.starts_with("hostile.yaml:"), "{error}");
    error
}

fn rule(condition: &str) -> String {
    format!("- rule: R\n  desc: d\n  condition: {condition}\n  output: o\n  priority: NOTICE\n")
}

#[test]
fn large_files_are_refused() {
    let text = "# a comment that is long\n".repeat(450_000);
    assert!(text.len() > 10 << 20);
    assert!(refused(&text).contains("more than a rule file may have"));
    let many = format!("- list: l\n  items: [{}]\n", "a,".repeat(600_000));
    assert!(refused(&many).contains("more than 500000 values"));
}

#[test]
fn deep_files_are_refused() {
    assert!(refused(&"[".repeat(30)).contains("not valid YAML"));
    refused(&"[".repeat(100_000));
    assert!(refused(&("- ".repeat(40) + "x")).contains("nested deeper"));
    assert!(refused(&rule(&"(".repeat(50_000))).contains("nested deeper"));
    let mut deep = String::from("- macro: m0\n  condition: proc.name = a\n");
    for n in 1..1_000 {
        let _ = write!(deep, "- macro: m{n}\n  condition: not (m{} and proc.args = x)\n", n - 1);
    }
    assert!(refused(&(deep + &rule("m999"))).contains("levels"));
}

#[test]
fn what_doubles_is_refused() {
    let mut aliases = String::from("- &a0 [x, x]\n");
    let mut macros = String::from("- macro: m0\n  condition: proc.name = a\n");
    let mut lists = String::from("- list: l0\n  items: [x, y]\n");
    for n in 1..60 {
        let below = n - 1;
        let _ = writeln!(aliases, "- &a{n} [*a{below}, *a{below}]");
        let _ = write!(macros, "- macro: m{n}\n  condition: m{below} and m{below}\n");
        let _ = write!(lists, "- list: l{n}\n  items: [l{below}, l{below}]\n");
    }
    assert!(refused(&aliases).contains("more than 500000 values"));
    assert!(refused(&(macros + &rule("m59"))).contains("checks with its macros"));
    assert!(refused(&(lists + &rule("proc.name in (l59)"))).contains("too large"));
    let large = format!("- list: l\n  items: [{}]\n", "abcdefgh,".repeat(20_000));
    let several = vec!["proc.name in (l)"; 50].join(" or ");
    assert!(refused(&(large + &rule(&several))).contains("longer than"));
}

#[test]
fn what_is_part_of_itself_is_refused() {
    let lists = "- list: a\n  items: [x]\n- list: b\n  items: [a]\n- list: a\n  items: [b]\n";
    assert!(refused(lists).contains("part of itself"));
    let macros = "- macro: a\n  condition: proc.name = x\n- macro: b\n  condition: a\n- macro: a\n  condition: b\n";
    assert!(refused(macros).contains("part of itself"));
    let alone = "- macro: a\n  condition: a\n";
    assert!(refused(alone).contains("part of itself"));
}

#[test]
fn broken_files_are_refused() {
    for text in [
        "a: b\n",
        "- 5\n",
        "- rule: [x]\n  desc: d\n",
        "\"",
        "- {",
        "- rule: R\n",
        "- list: l\n",
        "- macro: m\n  condition: [a]\n",
        "- list: l\n  items: {a: b}\n",
        "- required_engine_version: x\n",
        "- *x\n",
    ] {
        refused(text);
    }
    for condition in [
        "proc.name regex \"(\"",
        "proc.name regex \"a{1000}{1000}{1000}\"",
        "fd.num contains 1",
        "fd.ip < 5",
        "fd.net = 1.2.3.4/99",
        "evt.is_open_read = maybe",
        "proc.aname[x] = a",
        "proc.env[] = a",
        "evt.buffer bcontains abc",
        "join(proc.name) = a",
        "proc.name = val(fd.num)",
    ] {
        refused(&rule(condition));
    }
}

/// The walk over a long `or` must not take the square of its length.
#[test]
fn long_conditions_load_soon() {
    let started = spent();
    let words: Vec<String> = (0..5_000).map(|n| format!("proc.name = w{n}")).collect();
    RuleSet::load(&[("long.yaml", &rule(&words.join(" or ")))], &Options::default()).expect("it loads");
    let others: Vec<String> = (0..1_000).map(|n| format!("proc.env[v{n}] = w")).collect();
    RuleSet::load(&[("long.yaml", &rule(&others.join(" or ")))], &Options::default()).expect("it loads");
    let took = spent() - started;
    assert!(took < Duration::from_secs(60), "{took:?}");
}
