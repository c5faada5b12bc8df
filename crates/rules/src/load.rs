//! From rule files to a rule set.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::fields::{FieldError, FieldRef};
use crate::formula::{Assembler, Fault, Formula, Inlined};
use crate::glob::Glob;
use crate::loader::{Definitions, MacroDefinition, RuleDefinition, SourceText, collect};
use crate::options::{Options, Which};
use crate::output::Template;
use crate::problem::{Problem, RulesError, SourceFile};
use crate::ruleset::{Rule, RuleSet, Unsupplied};
use crate::spec::Spec;
use crate::subject::Subject;
use crate::syntax::{Expression, Span, SyntaxError, parse};

/// Events of more kinds than this are told of, as Falco does.
const MANY_KINDS: usize = 100;
/// Checks of all rules with their macros.
const MAX_TOTAL: usize = 200_000;

/// Macros that are assembled when they are first asked for.
struct Macros<'d, 's> {
    definitions: &'d [MacroDefinition<'s>],
    numbers: HashMap<String, usize>,
    parsed: Vec<Option<Expression>>,
    done: RefCell<Vec<State>>,
    problems: RefCell<Vec<Problem>>,
}

#[derive(Clone)]
enum State {
    New,
    /// It waits for a macro within it, so that one which asks for it now is part of itself.
    Open,
    Broken,
    Done(Inlined),
}

impl RuleSet {
    /// Reads rule files in their order, each with the name that messages call it by.
    ///
    /// # Errors
    /// Everything that is wrong with the files; nothing is loaded then.
    pub fn load(files: &[(&str, &str)], options: &Options) -> Result<Self, RulesError> {
        let sources: Vec<SourceFile<'_>> = files.iter().map(|(name, text)| SourceFile::new(name, text)).collect();
        let Definitions { macros, rules, counts, mut errors, mut warnings } = collect(&sources);
        let (parsed, numbers) = parse_macros(&macros, &mut errors);
        let done = RefCell::new(vec![State::New; macros.len()]);
        let table = Macros { definitions: &macros, numbers, parsed, done, problems: RefCell::new(Vec::new()) };
        for number in 0..macros.len() {
            table.assemble(number);
        }
        errors.append(&mut table.problems.borrow_mut());
        let mut loaded = Loaded::default();
        for definition in &rules {
            loaded.rule(definition, &table, options, &mut errors, &mut warnings);
        }
        if loaded.total > MAX_TOTAL {
            let place = rules.last().map(|r| r.place.clone());
            errors.extend(place.map(|p| Problem {
                message: format!("the rules have more than {MAX_TOTAL} checks with their macros"),
                ..p
            }));
        }
        if !errors.is_empty() {
            errors.sort();
            errors.dedup();
            return Err(RulesError { problems: errors });
        }
        let macros =
            table.numbers.iter().filter_map(|(name, number)| Some((name.clone(), table.parsed.get(*number)?.clone()?)));
        let mut set = Self::compile(loaded.rules, macros.collect(), &loaded.formulas);
        set.counts = counts;
        set.all_match = options.all_match;
        for number in 0..set.rules.len() {
            let kinds = set.kinds_of(number);
            let Some(rule) = set.rules.get_mut(number) else { continue };
            rule.kinds = kinds;
            let Some(unsupplied) = loaded.unsupplied.get_mut(number).filter(|_| rule.enabled) else { continue };
            if let Some(supplied) = &options.supply.kinds {
                unsupplied.events.extend(rule.kinds.difference(supplied).map(|k| k.name().to_owned()));
            }
            let place = loaded.places.get(number);
            let mut warn = |message: String| {
                warnings.extend(place.map(|p| Problem { message, ..p.clone() }));
            };
            if rule.kinds.is_empty() && unsupplied.events.is_empty() && unsupplied.condition_fields.is_empty() {
                warn(format!("the rule `{}` can never match", rule.name));
            } else if rule.kinds.len() > MANY_KINDS.min(seawall_model::EventKind::ALL.len() - 1)
                && loaded.warn_kinds.contains(&number)
            {
                warn(format!("the rule `{}` is looked at for every event: it names no `evt.type`", rule.name));
            }
        }
        loaded
            .unsupplied
            .retain(|u| !(u.condition_fields.is_empty() && u.output_fields.is_empty() && u.events.is_empty()));
        set.unsupplied = loaded.unsupplied;
        warnings.sort();
        set.warnings = warnings;
        Ok(set)
    }
}

fn parse_macros(
    macros: &[MacroDefinition<'_>],
    errors: &mut Vec<Problem>,
) -> (Vec<Option<Expression>>, HashMap<String, usize>) {
    let mut parsed = Vec::with_capacity(macros.len());
    let mut numbers = HashMap::new();
    for (number, one) in macros.iter().enumerate() {
        numbers.insert(one.name.clone(), number);
        parsed.push(match parse(&one.condition.text) {
            Ok(expression) => Some(expression),
            Err(SyntaxError { span, message, hint }) => {
                errors.push(Problem { hint, ..one.condition.problem(span.at, message) });
                None
            }
        });
    }
    (parsed, numbers)
}

impl Macros<'_, '_> {
    fn state(&self, number: usize) -> State {
        self.done.borrow().get(number).cloned().unwrap_or(State::Broken)
    }

    fn set(&self, number: usize, state: State) {
        if let Some(slot) = self.done.borrow_mut().get_mut(number) {
            *slot = state;
        }
    }

    fn assemble(&self, number: usize) -> Option<Inlined> {
        match self.state(number) {
            State::Done(inlined) => return Some(inlined),
            State::New => {}
            // What is broken is told once, where it is defined; for others it stands for nothing.
            State::Broken => return Some(Inlined { formula: Rc::new(Formula::Constant(false)), size: 1, depth: 1 }),
            State::Open => return None,
        }
        let definition = self.definitions.get(number)?;
        let Some(Some(expression)) = self.parsed.get(number) else {
            self.set(number, State::Broken);
            return self.assemble(number);
        };
        self.set(number, State::Open);
        let visible = |name: &str| {
            let other = *self.numbers.get(name)?;
            let before = self.definitions.get(other).is_some_and(|o| o.first < definition.last);
            if before { self.assemble(other) } else { None }
        };
        match (Assembler { visible: &visible, names: &self.numbers }).assemble(expression) {
            Ok(inlined) => {
                self.set(number, State::Done(inlined.clone()));
                Some(inlined)
            }
            Err(fault) => {
                self.problems.borrow_mut().push(place(&definition.condition, &fault));
                self.set(number, State::Broken);
                self.assemble(number)
            }
        }
    }
}

fn place(text: &SourceText<'_>, fault: &Fault) -> Problem {
    Problem { hint: fault.hint.clone(), ..text.problem(fault.span.at, fault.message.clone()) }
}

#[derive(Default)]
struct Loaded {
    rules: Vec<Rule>,
    formulas: Vec<(u32, Rc<Formula>)>,
    unsupplied: Vec<Unsupplied>,
    places: Vec<Problem>,
    warn_kinds: BTreeSet<usize>,
    total: usize,
}

impl Loaded {
    fn rule(
        &mut self,
        definition: &RuleDefinition<'_>,
        macros: &Macros<'_, '_>,
        options: &Options,
        errors: &mut Vec<Problem>,
        warnings: &mut Vec<Problem>,
    ) {
        let name = &definition.name;
        if !matches!(definition.source.as_str(), "syscall" | "internal") {
            let message = format!("the rule `{name}` is left out: nothing supplies events of `{}`", definition.source);
            warnings.push(Problem { message, ..definition.place.clone() });
            return;
        }
        if definition.priority > options.minimum_priority {
            return;
        }
        let expression = match parse(&definition.condition.text) {
            Ok(expression) => expression,
            Err(SyntaxError { span, message, hint }) => {
                errors.push(Problem { hint, ..definition.condition.problem(span.at, message) });
                return;
            }
        };
        let skip = |problem: Problem, warnings: &mut Vec<Problem>| {
            warnings
                .push(Problem { message: format!("the rule `{name}` is left out: {}", problem.message), ..problem });
        };
        let visible = |name: &str| macros.assemble(*macros.numbers.get(name)?);
        let inlined = match (Assembler { visible: &visible, names: &macros.numbers }).assemble(&expression) {
            Ok(inlined) => inlined,
            Err(fault) => {
                let problem = place(&definition.condition, &fault);
                if fault.unknown_field && definition.skip_unknown {
                    skip(problem, warnings);
                } else {
                    errors.push(problem);
                }
                return;
            }
        };
        let template = match Template::parse(&definition.output.text) {
            Ok(template) => template,
            Err((Span { at, .. }, FieldError { message, hint, unknown })) => {
                let problem = Problem { hint, ..definition.output.problem(at, message) };
                if unknown && definition.skip_unknown {
                    skip(problem, warnings);
                } else {
                    errors.push(problem);
                }
                return;
            }
        };
        let mut used = Used::default();
        used.walk(&inlined.formula, &mut BTreeSet::new());
        let missing = |field: &FieldRef| {
            let plain = field.token.split('[').next().unwrap_or_default();
            field.is_unsupplied() || options.supply.missing_fields.contains(plain)
        };
        let tokens =
            |fields: &HashSet<FieldRef>| fields.iter().filter(|f| missing(f)).map(|f| f.token.clone()).collect();
        let in_output: HashSet<FieldRef> = template.fields().into_iter().cloned().collect();
        self.unsupplied.push(Unsupplied {
            rule: name.clone(),
            condition_fields: tokens(&used.fields),
            output_fields: tokens(&in_output),
            events: used.unknown_events,
        });
        let number = self.rules.len();
        let enabled = enabled(definition, options);
        if enabled {
            self.formulas.push((number as u32, inlined.formula));
            self.total = self.total.saturating_add(inlined.size);
        } else if let Some(last) = self.unsupplied.last_mut() {
            (last.condition_fields, last.output_fields, last.events) = Default::default();
        }
        if definition.warn_kinds {
            self.warn_kinds.insert(number);
        }
        self.places.push(definition.place.clone());
        let mut tags = definition.tags.clone();
        tags.sort();
        tags.dedup();
        self.rules.push(Rule {
            name: name.clone(),
            description: definition.description.clone(),
            priority: definition.priority,
            tags,
            source: definition.source.clone(),
            enabled,
            condition: expression,
            condition_text: definition.condition.text.clone(),
            kinds: BTreeSet::new(),
            fields: used.fields.iter().chain(&in_output).map(|f| f.token.clone()).collect(),
            template,
        });
    }
}

fn enabled(definition: &RuleDefinition<'_>, options: &Options) -> bool {
    options.selection.iter().fold(definition.enabled, |enabled, selection| {
        let fits = match &selection.which {
            Which::Rule(pattern) => Glob::new(pattern.as_bytes(), false).matches(definition.name.as_bytes()),
            Which::Tag(tag) => definition.tags.contains(tag),
        };
        if fits { selection.enable } else { enabled }
    })
}

/// Fields of a condition with its macros, and events that it names and nobody knows.
#[derive(Default)]
struct Used {
    fields: HashSet<FieldRef>,
    unknown_events: BTreeSet<String>,
}

impl Used {
    fn walk(&mut self, formula: &Rc<Formula>, seen: &mut BTreeSet<*const Formula>) {
        if !seen.insert(Rc::as_ptr(formula)) {
            return;
        }
        match &**formula {
            Formula::Constant(_) => {}
            Formula::Not(inner) => self.walk(inner, seen),
            Formula::And(all) | Formula::Or(all) => all.iter().for_each(|one| self.walk(one, seen)),
            Formula::Test(predicate) => {
                for field in predicate.fields() {
                    if !self.fields.contains(field) {
                        self.fields.insert(field.clone());
                    }
                }
                let is_type = matches!(&predicate.subject, Subject::Field(f) if f.field.name == "evt.type");
                if let (true, Spec::Words(words)) = (is_type, &predicate.spec) {
                    let names = words.iter().map(|w| String::from_utf8_lossy(w).into_owned());
                    self.unknown_events.extend(names.filter(|n| seawall_model::EventKind::from_name(n).is_none()));
                }
            }
        }
    }
}
