//! `and`, `or`, `not`, conditionals and `match`.

use std::collections::HashMap;

use alidade_event::{Str, Value};

use super::Checker;
use super::facts::Facts;
use crate::syntax::{Comparison, Connective, Expr, Kind, Span};
use crate::{Diagnostic, Types, operators};

/// Kinds of values that choose a branch: a boolean, and what is false when it is empty.
const CHOOSING: Types = Types::BOOLEAN.or(EMPTY);
const EMPTY: Types = Types::NULL.or(Types::LIST).or(Types::MAP).or(Types::SET);

impl Checker<'_> {
    pub(super) fn negation(&mut self, inner: &Expr) -> Facts {
        let facts = self.facts(inner);
        match facts.truth() {
            Some(truth) => Facts::constant(Value::Bool(!truth)),
            None => Facts::of(Types::BOOLEAN),
        }
    }

    pub(super) fn logic(&mut self, first: &Expr, rest: &[(Connective, Expr)], span: Span) -> Facts {
        self.warn_of_mixed_connectives(first, rest, span);
        let mut guarded = Vec::new();
        let facts = self.facts(first);
        let next = rest.first().map(|(connective, _)| *connective);
        self.check_side(first, &facts, next, None);
        self.guard(first, &mut guarded);
        let mut before = first;
        for (connective, operand) in rest {
            let facts = self.perhaps(operand);
            self.check_side(operand, &facts, Some(*connective), Some(before));
            self.guard(operand, &mut guarded);
            before = operand;
        }
        self.release(guarded);
        let connective = rest.first().map(|(connective, _)| *connective);
        let is_pure = rest.iter().all(|(other, _)| Some(*other) == connective);
        if let (Some(connective), true) = (connective, is_pure) {
            let operands = || std::iter::once(first).chain(rest.iter().map(|(_, operand)| operand));
            self.warn_of_repeated(operands());
            self.warn_of_contradiction(connective, operands(), span);
        }
        Facts::of(Types::BOOLEAN)
    }

    /// A side of `and` or `or` that is always the same.
    fn check_side(
        &mut self,
        side: &Expr,
        facts: &Facts,
        connective: Option<Connective>,
        before: Option<&Expr>,
    ) {
        let Some(truth) = facts.truth() else {
            return;
        };
        let decides = match connective {
            Some(Connective::And) => !truth,
            Some(Connective::Or) => truth,
            None => false,
        };
        // `x and true` makes a boolean of x: upstream's rules need that for a field that may be missing.
        if !decides && matches!(&*side.kind, Kind::Literal(Value::Bool(_))) {
            return;
        }
        let label = match (decides, truth) {
            (true, true) => "the whole always holds",
            (true, false) => "the whole never holds",
            (false, _) => "it changes nothing",
        };
        let compared = before.and_then(|before| self.compared_like(before, side));
        let help = match (compared, &facts.constant) {
            (Some(compared), _) => format!("compare it too: `{compared}`"),
            (None, Some(Value::Str(_))) => {
                "a text alone is no condition: compare a field with it".to_owned()
            }
            _ => "leave it out, or compare with a field".to_owned(),
        };
        let message = always(truth, "this side is");
        self.warn(Diagnostic::warning("S210", side.span.range(), message, label).with_help(help));
    }

    /// For `x == 'a' or 'b'`: the comparison that was probably meant.
    fn compared_like(&self, before: &Expr, side: &Expr) -> Option<String> {
        let Kind::Literal(Value::Str(_) | Value::Int(_)) = &*side.kind else {
            return None;
        };
        let Kind::Compare { first, rest } = &*before.kind else {
            return None;
        };
        let operator = match rest.as_slice() {
            [(Comparison::Equal, _)] => "==",
            [(Comparison::NotEqual, _)] => "!=",
            _ => return None,
        };
        let (field, literal) = (self.quote(first.span)?, self.quote(side.span)?);
        Some(format!("{field} {operator} {literal}"))
    }

    /// The same condition twice: in a chain, as a branch that is never taken, or as a check.
    fn warn_of_repeated<'t>(&mut self, conditions: impl Iterator<Item = &'t Expr>) {
        let mut seen: HashMap<String, Span> = HashMap::new();
        let mut repeated = Vec::new();
        for condition in conditions {
            let text = self.text(condition.span).trim();
            if matches!(&*condition.kind, Kind::Literal(_)) || text.len() > 1000 {
                continue;
            }
            if seen.insert(text.to_owned(), condition.span).is_some() {
                repeated.push(condition.span);
            }
        }
        for span in repeated {
            self.warn(
                Diagnostic::warning(
                    "S211",
                    span.range(),
                    "the same condition stands here a second time",
                    "asked before",
                )
                .with_help("leave it out, or ask what was meant"),
            );
        }
    }

    /// `x == 'a' and x == 'b'`, which nothing fulfils, and `x != 'a' or x != 'b'`, which everything does.
    fn warn_of_contradiction<'t>(
        &mut self,
        connective: Connective,
        operands: impl Iterator<Item = &'t Expr>,
        span: Span,
    ) {
        let (wanted, message, label) = match connective {
            Connective::And => (
                Comparison::Equal,
                "a value cannot equal both",
                "never holds",
            ),
            Connective::Or => (
                Comparison::NotEqual,
                "every value differs from one of them",
                "always holds",
            ),
        };
        let mut first: HashMap<Str, &Value> = HashMap::new();
        for operand in operands {
            let Some((name, value)) = compared_field(operand, wanted) else {
                continue;
            };
            let Some(other) = first.get(name) else {
                first.insert(name.clone(), value);
                continue;
            };
            if operators::equal(other, value) {
                continue;
            }
            let help = match connective {
                Connective::And => format!("to allow either, write `or`, or `{name} in [...]`"),
                Connective::Or => format!("to refuse both, write `and`, or `{name} not in [...]`"),
            };
            self.warn(Diagnostic::warning("S212", span.range(), message, label).with_help(help));
            return;
        }
    }

    /// The branches of a conditional, or the clauses of a `match`.
    pub(super) fn choice(
        &mut self,
        branches: &[(Expr, Expr)],
        otherwise: &Expr,
        is_match: bool,
    ) -> Facts {
        let mut guarded = Vec::new();
        let mut types = Types::NONE;
        for (at, (condition, value)) in branches.iter().enumerate() {
            let facts = match at {
                0 => self.facts(condition),
                _ => self.perhaps(condition),
            };
            let certain = self.certain;
            self.certain &= at == 0;
            self.check_choosing(condition, &facts);
            self.certain = certain;
            self.guard(condition, &mut guarded);
            types = types.or(self.branch(value, is_match));
        }
        types = types.or(self.branch(otherwise, is_match));
        self.release(guarded);
        self.warn_of_repeated(branches.iter().map(|(condition, _)| condition));
        Facts::of(types)
    }

    fn branch(&mut self, value: &Expr, is_match: bool) -> Types {
        let types = self.perhaps(value).types;
        if !is_match || !types.intersects(Types::LAMBDA) {
            return types;
        }
        // A lambda that a match chooses is called, without arguments.
        self.check_parameters(value, "match", 0);
        Types::ANY
    }

    fn check_choosing(&mut self, condition: &Expr, facts: &Facts) {
        let span = condition.span.range();
        if let Some(truth) = facts.verdict() {
            let label = match truth {
                true => "what follows is never reached",
                false => "its value is never taken",
            };
            let message = always(truth, "this condition is");
            let help = "leave out what is never reached, or compare with a field";
            self.warn(Diagnostic::warning("S210", span, message, label).with_help(help));
            return;
        }
        if facts.types.intersects(Types::BOOLEAN) {
            return;
        }
        let present = facts.types.without(Types::NULL);
        let message = format!("{present} is neither true nor false");
        let finding = Diagnostic::error("S108", span, message, "not a condition")
            .with_help(self.comparison_instead(condition, facts));
        match facts.constant.is_some() || !facts.types.intersects(CHOOSING) {
            true => self.fails(finding),
            false => self.fails_when_reached(Diagnostic {
                label: "fails unless it is null or empty".to_owned(),
                ..finding
            }),
        }
    }

    /// Notes down that a condition asks about names, as long as what depends on it is looked at.
    fn guard(&mut self, condition: &Expr, guarded: &mut Vec<Str>) {
        let before = guarded.len();
        mentioned(condition, guarded);
        for name in guarded.iter().skip(before) {
            *self.guards.entry(name.clone()).or_insert(0) += 1;
        }
    }

    fn release(&mut self, guarded: Vec<Str>) {
        for name in guarded {
            if let Some(count) = self.guards.get_mut(&name) {
                *count -= 1;
                if *count == 0 {
                    self.guards.remove(&name);
                }
            }
        }
    }
}

fn always(truth: bool, subject: &str) -> String {
    let verdict = if truth { "true" } else { "false" };
    format!("{subject} always {verdict}")
}

/// The field and the literal of `field == literal`, whichever side they stand on.
fn compared_field(tree: &Expr, wanted: Comparison) -> Option<(&Str, &Value)> {
    let Kind::Compare { first, rest } = &*tree.kind else {
        return None;
    };
    let [(operator, second)] = rest.as_slice() else {
        return None;
    };
    if *operator != wanted {
        return None;
    }
    match (&*first.kind, &*second.kind) {
        (Kind::Variable(name), Kind::Literal(value))
        | (Kind::Literal(value), Kind::Variable(name)) => Some((name, value)),
        _ => None,
    }
}

/// The names of fields in the conditions of a chain: what they ask about is left to their authors.
fn mentioned(tree: &Expr, names: &mut Vec<Str>) {
    match &*tree.kind {
        Kind::Variable(name) | Kind::Exists(name) => names.push(name.clone()),
        Kind::Literal(_) => {}
        Kind::Not(inner) => mentioned(inner, names),
        Kind::Lambda { body, .. } => mentioned(body, names),
        Kind::Call { arguments, .. } => arguments.iter().for_each(|tree| mentioned(tree, names)),
        Kind::List(members) => members.iter().for_each(|tree| mentioned(tree, names)),
        Kind::Map(entries) => {
            for (key, value) in entries {
                mentioned(key, names);
                mentioned(value, names);
            }
        }
        Kind::Arithmetic { first, rest } => {
            mentioned(first, names);
            rest.iter().for_each(|(_, tree)| mentioned(tree, names));
        }
        Kind::Compare { first, rest } => {
            mentioned(first, names);
            rest.iter().for_each(|(_, tree)| mentioned(tree, names));
        }
        Kind::Logic { first, rest } => {
            mentioned(first, names);
            rest.iter().for_each(|(_, tree)| mentioned(tree, names));
        }
        Kind::In {
            member, container, ..
        } => {
            mentioned(member, names);
            mentioned(container, names);
        }
        Kind::Choose {
            branches,
            otherwise: last,
        }
        | Kind::Match {
            clauses: branches,
            default: last,
        } => {
            for (condition, value) in branches {
                mentioned(condition, names);
                mentioned(value, names);
            }
            mentioned(last, names);
        }
    }
}
