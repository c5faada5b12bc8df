//! What rules out most rules at once: a question whose answer many rules depend on is asked once, and the answer is a row
//! of bits that says which of them can still match.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::clauses::{Clause, Question, Survey};
use super::{Atoms, Program};
use crate::spec::Predicate;

/// Rules, one bit each, in the order of the program.
pub(crate) type Mask = Box<[u64]>;

/// Some questions, any of whose answers lets a rule pass.
pub(crate) struct Guard {
    /// Rules that it says nothing of.
    pub(crate) others: Mask,
    pub(crate) asks: Box<[Ask]>,
}

/// One question; the rows are the rules that an answer lets pass.
pub(crate) enum Ask {
    /// Which word a field is.
    Word {
        dictionary: u32,
        /// The row of each word, and at last that of no word.
        row_of: Box<[u32]>,
        /// One after the other, each so many words wide.
        rows: Box<[u64]>,
        width: usize,
    },
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

/// More questions in one guard are not worth it.
const MOST_QUESTIONS: usize = 5;
/// Guards of a program.
const MOST_GUARDS: usize = 24;
/// Sets of questions that are weighed against each other.
const MOST_CANDIDATES: usize = 256;
/// Clauses times sets of questions that are looked at for one guard.
const MOST_WEIGHED: usize = 100_000;
/// What it takes to come to a rule, in nanoseconds.
const REACHED: f64 = 6.0;
/// What it takes to ask what is known already.
const ASKED: f64 = 4.0;

impl Guards {
    pub(crate) fn new(program: &Program, atoms: &Atoms, predicates: &[Rc<Predicate>]) -> Self {
        let survey = Survey { program, atoms, predicates };
        let parts: Vec<Vec<u32>> = program.rules.iter().map(|(_, root)| survey.parts(*root)).collect();
        let mut clauses = Vec::new();
        for (rule, parts) in parts.iter().enumerate() {
            for (part, node) in parts.iter().enumerate() {
                clauses.extend(survey.clauses(rule, part, *node));
            }
        }
        let mut choice = Choice::new(&survey, &clauses, &parts);
        let mut guards = Vec::new();
        while guards.len() < MOST_GUARDS {
            let chosen = choice.next();
            if chosen.is_empty() {
                break;
            }
            guards.push(guard(&survey, &chosen, program.rules.len()));
        }
        let rest = parts.iter().enumerate().map(|(rule, parts)| choice.left(rule, parts)).collect();
        Self { guards, all: mask(program.rules.len(), |_| true), rest }
    }
}

/// Chooses what is asked, one guard after the other.
struct Choice<'c> {
    survey: &'c Survey<'c>,
    clauses: &'c [Clause],
    /// What each clause asks.
    questions: Vec<BTreeSet<Question>>,
    used: Vec<bool>,
    /// How many exact clauses of a part were taken, by rule, part and how many make it whole.
    answers: BTreeMap<(usize, usize, usize), usize>,
    asked: BTreeSet<Question>,
    /// How often each rule is still there, and what it costs then.
    remains: Vec<f64>,
    work: Vec<f64>,
}

impl<'c> Choice<'c> {
    fn new(survey: &'c Survey<'c>, clauses: &'c [Clause], parts: &[Vec<u32>]) -> Self {
        let of = |clause: &Clause| clause.literals.iter().map(|l| survey.question(l.node)).collect::<BTreeSet<_>>();
        let questions: Vec<_> = clauses.iter().map(of).collect();
        let used = questions.iter().map(|questions| questions.len() > MOST_QUESTIONS).collect();
        let work = parts.iter().map(|parts| REACHED + survey.expected(parts, true)).collect();
        let remains = vec![1.0; parts.len()];
        Self { survey, clauses, questions, used, answers: BTreeMap::new(), asked: BTreeSet::new(), remains, work }
    }

    /// What a clause saves, in nanoseconds.
    fn gain(&self, clause: &Clause) -> f64 {
        let of = |all: &[f64]| all.get(clause.rule).copied().unwrap_or(0.0);
        of(&self.remains) * of(&self.work) * (1.0 - clause.chance)
    }

    /// The clauses of the next guard, one of each rule at most; none where no further guard is worth it.
    fn next(&mut self) -> Vec<&'c Clause> {
        let mut open: Vec<(usize, Vec<Question>, f64)> = Vec::new();
        for (at, (clause, questions)) in self.clauses.iter().zip(&self.questions).enumerate() {
            if self.used.get(at) == Some(&false) {
                open.push((at, questions.difference(&self.asked).copied().collect(), self.gain(clause)));
            }
        }
        let mut candidates: BTreeMap<&[Question], f64> = BTreeMap::new();
        for (_, missing, gain) in &open {
            *candidates.entry(missing).or_default() += gain;
        }
        let mut candidates: Vec<_> = candidates.into_iter().collect();
        // The first of equals, so that two runs make the same.
        candidates.sort_by(|a, b| b.1.total_cmp(&a.1));
        candidates.truncate((MOST_WEIGHED / open.len().max(1)).clamp(4, MOST_CANDIDATES));
        let mut best: (f64, BTreeMap<usize, (usize, f64)>) = (1.0, BTreeMap::new());
        for (candidate, _) in candidates {
            // Of each rule the clause that saves most.
            let mut chosen: BTreeMap<usize, (usize, f64)> = BTreeMap::new();
            for (at, missing, gain) in &open {
                let fits = missing.iter().all(|question| candidate.contains(question));
                if let (true, Some(clause)) =
                    (fits && (!missing.is_empty() || candidate.is_empty()), self.clauses.get(*at))
                {
                    let slot = chosen.entry(clause.rule).or_insert((*at, *gain));
                    if slot.1 < *gain {
                        *slot = (*at, *gain);
                    }
                }
            }
            let asks: BTreeSet<&Question> =
                chosen.values().filter_map(|(at, _)| self.questions.get(*at)).flatten().collect();
            let cost = ASKED * asks.len() as f64 + candidate.iter().map(|q| self.survey.cost(*q)).sum::<f64>();
            let saved = chosen.values().map(|(_, gain)| gain).sum::<f64>() / cost;
            if saved > best.0 {
                best = (saved, chosen);
            }
        }
        let chosen: Vec<usize> = best.1.into_values().map(|(at, _)| at).collect();
        chosen.iter().for_each(|at| self.take(*at));
        chosen.iter().filter_map(|at| self.clauses.get(*at)).collect()
    }

    fn take(&mut self, at: usize) {
        let (Some(clause), Some(questions)) = (self.clauses.get(at), self.questions.get(at)) else { return };
        self.asked.extend(questions);
        self.remains.iter_mut().skip(clause.rule).take(1).for_each(|left| *left *= clause.chance.max(0.02));
        let answered = clause.exact && clause.makes_whole == 1;
        for (index, (used, other)) in self.used.iter_mut().zip(self.clauses).enumerate() {
            // Where a part is answered nothing more is asked of it.
            *used |= index == at || answered && (other.rule, other.part) == (clause.rule, clause.part);
        }
        if clause.exact {
            *self.answers.entry((clause.rule, clause.part, clause.makes_whole)).or_default() += 1;
        }
    }

    /// The parts of a rule that no guard answers for it.
    fn left(&self, rule: usize, parts: &[u32]) -> Vec<u32> {
        let answered = |part: usize| {
            let of_part = self.answers.range((rule, part, 0)..(rule, part + 1, 0));
            of_part.into_iter().any(|((_, _, makes_whole), count)| count >= makes_whole)
        };
        parts.iter().enumerate().filter(|(part, _)| !answered(*part)).map(|(_, node)| *node).collect()
    }
}

fn guard(survey: &Survey<'_>, chosen: &[&Clause], rules: usize) -> Guard {
    let asked: BTreeSet<Question> = chosen.iter().flat_map(|c| &c.literals).map(|l| survey.question(l.node)).collect();
    let literals = |question: Question| {
        let all = chosen.iter().flat_map(|c| c.literals.iter().map(|literal| (c.rule, *literal)));
        all.filter(move |(_, literal)| survey.question(literal.node) == question)
    };
    let ask = |question: &Question| match *question {
        Question::Part(node) => {
            let when = |answer: bool| {
                let passing: BTreeSet<usize> =
                    literals(*question).filter(|(_, l)| l.holds == answer).map(|(rule, _)| rule).collect();
                mask(rules, |rule| passing.contains(&rule))
            };
            Ask::Part { node, holds: when(true), fails: when(false) }
        }
        Question::Dictionary(dictionary) => {
            let words = survey.atoms.dictionaries.get(dictionary as usize).map_or(0, |known| known.len()) as u32;
            let tests: Vec<_> = literals(*question)
                .filter_map(|(rule, l)| survey.word(l.node).map(|(_, members)| (rule, members, l.holds)))
                .collect();
            let mut numbers: HashMap<Mask, u32> = HashMap::new();
            let (mut rows, width): (Vec<u64>, _) = (Vec::new(), rules.div_ceil(64));
            let row_of = (0..words).chain(std::iter::once(u32::MAX)).map(|word| {
                let mut row = mask(rules, |_| false);
                for (rule, members, holds) in &tests {
                    if members.has(word) == *holds {
                        set(&mut row, *rule);
                    }
                }
                let next = numbers.len() as u32;
                *numbers.entry(row).or_insert_with_key(|row| {
                    rows.extend_from_slice(row);
                    next
                })
            });
            let row_of = row_of.collect();
            Ask::Word { dictionary, row_of, rows: rows.into(), width }
        }
    };
    let asks = asked.iter().map(ask).collect();
    let told: BTreeSet<usize> = chosen.iter().map(|clause| clause.rule).collect();
    Guard { others: mask(rules, |rule| !told.contains(&rule)), asks }
}

fn set(mask: &mut Mask, rule: usize) {
    if let Some(word) = mask.get_mut(rule / 64) {
        *word |= 1 << (rule % 64);
    }
}

fn mask(rules: usize, is_set: impl Fn(usize) -> bool) -> Mask {
    let mut mask: Mask = vec![0_u64; rules.div_ceil(64)].into();
    (0..rules).filter(|rule| is_set(*rule)).for_each(|rule| set(&mut mask, rule));
    mask
}
