//! Formulas become programs, one for each kind of event: what the kind decides is decided, tests of one field are
//! joined, and each distinct part is there once.

mod atoms;
mod builder;
mod clauses;
mod dictionary;
mod guards;

use std::rc::Rc;

use seawall_model::EventKind;

pub(crate) use atoms::{Atom, Atoms};
pub(crate) use builder::Predicates;
pub(crate) use guards::{Ask, Guard, Guards};

use crate::formula::Formula;
use builder::{Builder, Key};

/// What is done for one kind of event.
#[derive(Default)]
pub(crate) struct Program {
    pub(crate) nodes: Vec<Node>,
    pub(crate) children: Vec<u32>,
    /// Rules that this kind can match, in the order of their definitions, and where each begins.
    pub(crate) rules: Vec<(u32, u32)>,
    pub(crate) guards: Guards,
}

/// One step; its number is where its answer is remembered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Node {
    /// Holds always.
    True,
    /// An atom, by its number.
    Test(u32),
    Not(u32),
    /// Children from the first number, so many.
    And(u32, u32),
    Or(u32, u32),
}

/// Makes the program of a kind.
pub(crate) fn program(kind: EventKind, rules: &[(u32, Rc<Formula>)], predicates: &mut Predicates) -> Program {
    let mut builder = Builder::new(kind, predicates);
    let mut roots: Vec<(u32, u32)> = rules.iter().map(|(rule, formula)| (*rule, builder.build(formula))).collect();
    roots.retain(|(_, root)| !matches!(builder.key(*root), Key::False));
    let mut program = Program::default();
    let mut placed = vec![None; builder.len()];
    for (rule, root) in roots {
        let node = place(&builder, root, &mut program, &mut placed);
        program.rules.push((rule, node));
    }
    program
}

/// Copies a node and what is below it, once.
fn place(builder: &Builder<'_>, id: u32, program: &mut Program, placed: &mut [Option<u32>]) -> u32 {
    let index = id as usize;
    if let Some(Some(done)) = placed.get(index) {
        return *done;
    }
    let many = |ids: &[u32], program: &mut Program, placed: &mut [Option<u32>]| {
        let children: Vec<u32> = ids.iter().map(|child| place(builder, *child, program, placed)).collect();
        let from = program.children.len() as u32;
        program.children.extend(children);
        (from, ids.len() as u32)
    };
    let node = match builder.key(id) {
        Key::Test(predicate) => Node::Test(*predicate),
        Key::Not(inner) => Node::Not(place(builder, *inner, program, placed)),
        Key::And(ids) => {
            let (from, count) = many(ids, program, placed);
            Node::And(from, count)
        }
        Key::Or(ids) => {
            let (from, count) = many(ids, program, placed);
            Node::Or(from, count)
        }
        // A part that never holds is folded away before it can be below another.
        Key::True | Key::False => Node::True,
    };
    let number = program.nodes.len() as u32;
    program.nodes.push(node);
    if let Some(slot) = placed.get_mut(index) {
        *slot = Some(number);
    }
    number
}
