//! What rules out most rules at once: a test that many rules begin with is answered once, and its answer says which of
//! them can still match.

use std::collections::BTreeMap;

use super::{Atom, Atoms, Node, Program};

/// Rules, one bit each, in the order of the program.
pub(crate) type Mask = Box<[u64]>;

/// One question.
pub(crate) enum Guard {
    /// Which word a field is; the row of a word's number says what remains, the last one what remains of no word.
    Words { dictionary: u32, rows: Box<[Mask]> },
    /// Whether a part holds.
    Part { node: u32, holds: Mask, fails: Mask },
}

/// What is asked before any rule is looked at, most telling first.
#[derive(Default)]
pub(crate) struct Guards {
    pub(crate) guards: Vec<Guard>,
    /// Every rule.
    pub(crate) all: Mask,
    /// What is left to be asked of each rule once the guards let it through.
    pub(crate) rest: Vec<Vec<u32>>,
}

/// A part that a rule needs to hold, or to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Need {
    rule: usize,
    node: u32,
    holds: bool,
}

/// What guards can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    Dictionary(u32),
    Part(u32),
}

/// About how much of what remains a question rules out: of a hundred events, so many are not what one rule needs.
const RULED_OUT_BY_WORD: f64 = 0.9;
const RULED_OUT_BY_OTHER_WORD: f64 = 0.1;
const RULED_OUT_BY_PART: f64 = 0.5;
/// A question is asked where it saves this many rules.
const WORTH: f64 = 0.7;

impl Guards {
    pub(crate) fn new(program: &Program, atoms: &Atoms) -> Self {
        let needs = needs(program);
        let mut asked: BTreeMap<Question, Vec<Need>> = BTreeMap::new();
        for need in needs.iter().flatten() {
            asked.entry(question(program, atoms, need.node)).or_default().push(*need);
        }
        let mut remains = vec![1.0; program.rules.len()];
        let mut guards = Self { guards: Vec::new(), all: mask(program.rules.len(), |_| true), rest: Vec::new() };
        let mut used = Vec::new();
        loop {
            let gain = |needs: &Vec<Need>| -> f64 {
                let of = |need: &Need| remains.get(need.rule).unwrap_or(&0.0) * ruled_out(program, atoms, need);
                needs.iter().map(of).sum()
            };
            // The first of equals, so that two runs make the same.
            let best = asked.iter().filter(|(question, _)| !used.contains(*question)).map(|(q, n)| (*q, gain(n)));
            let best = best.fold(None, |best: Option<(Question, f64)>, next| match best {
                Some(best) if best.1 >= next.1 => Some(best),
                _ => Some(next),
            });
            let Some((question, gain)) = best else { break };
            if gain < WORTH {
                break;
            }
            let Some(needs) = asked.get(&question) else { break };
            for need in needs {
                let left = 1.0 - ruled_out(program, atoms, need);
                remains.iter_mut().skip(need.rule).take(1).for_each(|r| *r *= left);
            }
            guards.guards.push(guard(program, atoms, question, needs));
            used.push(question);
        }
        let answered = |need: &&Need| used.contains(&question(program, atoms, need.node));
        guards.rest = needs
            .iter()
            .map(|needs| {
                let left = needs.iter().filter(|need| !answered(need));
                // A part that must fail is below its own `not`.
                left.filter_map(|need| if need.holds { Some(need.node) } else { not(program, need.node) }).collect()
            })
            .collect();
        guards
    }
}

/// The parts of each rule that all must be as they are needed.
fn needs(program: &Program) -> Vec<Vec<Need>> {
    let one = |rule: usize, node: u32| match program.nodes.get(node as usize) {
        Some(Node::Not(inner)) => Need { rule, node: *inner, holds: false },
        _ => Need { rule, node, holds: true },
    };
    let of = |(rule, (_, root)): (usize, &(u32, u32))| match program.nodes.get(*root as usize) {
        Some(Node::And(from, count)) => {
            let children = program.children.get(*from as usize..(*from + *count) as usize).unwrap_or_default();
            children.iter().map(|child| one(rule, *child)).collect()
        }
        _ => vec![one(rule, *root)],
    };
    program.rules.iter().enumerate().map(of).collect()
}

/// The part that holds where `node` fails.
fn not(program: &Program, node: u32) -> Option<u32> {
    let at = program.nodes.iter().position(|other| matches!(other, Node::Not(inner) if *inner == node))?;
    u32::try_from(at).ok()
}

fn word<'a>(program: &Program, atoms: &'a Atoms, node: u32) -> Option<(u32, &'a super::atoms::Members)> {
    let Some(Node::Test(atom)) = program.nodes.get(node as usize) else { return None };
    let Some(Atom::Word { dictionary, members }) = atoms.atoms.get(*atom as usize) else { return None };
    let single = atoms.dictionaries.get(*dictionary as usize)?.single;
    single.then_some((*dictionary, members))
}

fn question(program: &Program, atoms: &Atoms, node: u32) -> Question {
    word(program, atoms, node).map_or(Question::Part(node), |(dictionary, _)| Question::Dictionary(dictionary))
}

fn ruled_out(program: &Program, atoms: &Atoms, need: &Need) -> f64 {
    match word(program, atoms, need.node) {
        Some(_) if need.holds => RULED_OUT_BY_WORD,
        Some(_) => RULED_OUT_BY_OTHER_WORD,
        None => RULED_OUT_BY_PART,
    }
}

fn guard(program: &Program, atoms: &Atoms, question: Question, needs: &[Need]) -> Guard {
    let rules = program.rules.len();
    match question {
        Question::Part(node) => {
            let when = |answer: bool| mask(rules, |rule| needs.iter().all(|n| n.rule != rule || n.holds == answer));
            Guard::Part { node, holds: when(true), fails: when(false) }
        }
        Question::Dictionary(dictionary) => {
            let words = atoms.dictionaries.get(dictionary as usize).map_or(0, |known| known.len());
            let row = |number: u32| {
                let fits = |need: &Need| {
                    let members = word(program, atoms, need.node).map(|(_, members)| members);
                    members.is_some_and(|members| members.has(number)) == need.holds
                };
                mask(rules, |rule| needs.iter().all(|need| need.rule != rule || fits(need)))
            };
            let last = std::iter::once(u32::MAX);
            Guard::Words { dictionary, rows: (0..words as u32).chain(last).map(row).collect() }
        }
    }
}

fn mask(rules: usize, is_set: impl Fn(usize) -> bool) -> Mask {
    let mut mask = vec![0_u64; rules.div_ceil(64)];
    for rule in (0..rules).filter(|rule| is_set(*rule)) {
        if let Some(word) = mask.get_mut(rule / 64) {
            *word |= 1 << (rule % 64);
        }
    }
    mask.into()
}
