//! A look at the tree before it is lowered: which kinds of values every expression may give, which operations can never
//! succeed, and what works but probably means something else than its author thinks.
//!
//! Nothing here changes what an expression does. An operation that is certainly evaluated and certainly fails is an error;
//! everything else is a warning.

mod calls;
mod conditions;
mod containers;
mod dates;
mod facts;
mod names;
mod operators;
mod patterns;
mod precedence;
mod quirks;
mod verdict;

use std::collections::HashMap;

use alidade_event::{Map, Str, Value};

use crate::syntax::{Expr, Kind, Span};
use crate::{Diagnostic, Library, Severity, Types};
use facts::Facts;
use names::Bound;

/// What is asked of the value of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Any value will do.
    Value,
    /// A boolean, or null, which counts as false.
    Condition,
}

/// How deep the tree is looked at. Deeper ones are refused by the compiler.
const MAX_DEPTH: usize = 300;

/// Most findings about one expression: bounds what a hostile one can cost.
const MAX_FINDINGS: usize = 100;

/// Everything found out about a tree, in the order of the source.
pub(crate) fn check(
    tree: &Expr,
    source: &str,
    library: &Library,
    purpose: Purpose,
) -> Vec<Diagnostic> {
    let mut checker = Checker::new(source, library);
    let facts = checker.facts(tree);
    if purpose == Purpose::Condition {
        checker.verdict(tree, &facts);
    }
    let mut findings = checker.findings;
    findings.sort_by_key(|finding| (finding.span.start, finding.span.end));
    findings
}

struct Checker<'a> {
    source: &'a str,
    library: &'a Library,
    findings: Vec<Diagnostic>,
    /// How many of the findings are errors.
    errors: usize,
    /// Whether the place that is looked at is evaluated whenever the whole expression is.
    certain: bool,
    depth: usize,
    /// The parameters of the lambdas around, outermost first.
    parameters: Vec<Bound>,
    /// Names that the conditions around have asked about, with how often.
    guards: HashMap<Str, usize>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a str, library: &'a Library) -> Self {
        Checker {
            source,
            library,
            findings: Vec::new(),
            errors: 0,
            certain: true,
            depth: 0,
            parameters: Vec::new(),
            guards: HashMap::new(),
        }
    }
}

impl Checker<'_> {
    /// The source of a place.
    fn text(&self, span: Span) -> &str {
        self.source.get(span.range()).unwrap_or_default()
    }

    /// The source of a place, for being quoted in a remedy: only when it is short and on one line.
    fn quote(&self, span: Span) -> Option<&str> {
        let text = self.text(span).trim();
        (text.len() <= 60 && !text.is_empty() && !text.contains(['\n', '\r'])).then_some(text)
    }

    fn warn(&mut self, finding: Diagnostic) {
        if self.findings.len() < MAX_FINDINGS {
            self.findings.push(finding);
        }
    }

    /// Notes an operation down that fails whenever it is evaluated: an error if it certainly is, else a warning.
    fn fails(&mut self, finding: Diagnostic) {
        if !self.certain {
            self.fails_when_reached(finding);
        } else if self.errors < MAX_FINDINGS {
            self.errors += 1;
            self.findings.push(finding);
        }
    }

    /// Notes an operation down that fails for some values, or in a place that may not be reached.
    fn fails_when_reached(&mut self, finding: Diagnostic) {
        self.warn(Diagnostic {
            code: "S204",
            severity: Severity::Warning,
            ..finding
        });
    }

    /// The facts about a place that may not be evaluated although the expression is.
    fn perhaps(&mut self, tree: &Expr) -> Facts {
        let certain = std::mem::replace(&mut self.certain, false);
        let facts = self.facts(tree);
        self.certain = certain;
        facts
    }

    fn facts(&mut self, tree: &Expr) -> Facts {
        if self.depth >= MAX_DEPTH {
            return Facts::unknown();
        }
        self.depth += 1;
        let facts = self.facts_of_kind(tree);
        self.depth -= 1;
        facts
    }

    fn facts_of_kind(&mut self, tree: &Expr) -> Facts {
        match &*tree.kind {
            Kind::Literal(value) => Facts::constant(value.clone()),
            Kind::Variable(name) => self.variable(name, tree.span),
            Kind::Exists(name) => {
                self.use_of(name);
                Facts::of(Types::BOOLEAN)
            }
            Kind::Call {
                name, arguments, ..
            } => self.call(name, arguments),
            Kind::List(members) => self.list(members),
            Kind::Map(entries) => self.map(entries),
            Kind::Lambda { parameters, body } => self.lambda(parameters, body),
            Kind::Not(inner) => self.negation(inner),
            Kind::Arithmetic { first, rest } => self.arithmetic(first, rest),
            Kind::Compare { first, rest } => self.comparisons(first, rest),
            Kind::In {
                member,
                negated,
                container,
            } => self.membership(member, *negated, container, tree.span),
            Kind::Logic { first, rest } => self.logic(first, rest, tree.span),
            Kind::Choose {
                branches,
                otherwise,
            } => self.choice(branches, otherwise, false),
            Kind::Match { clauses, default } => self.choice(clauses, default, true),
        }
    }

    fn list(&mut self, members: &[Expr]) -> Facts {
        let mut values = Some(Vec::new());
        for member in members {
            let value = self.facts(member).constant;
            values = values.zip(value).map(|(mut values, value)| {
                values.push(value);
                values
            });
        }
        match values {
            Some(values) => Facts::constant(Value::list(values)),
            None => Facts::of(Types::LIST),
        }
    }

    fn map(&mut self, entries: &[(Expr, Expr)]) -> Facts {
        let mut known = Map::default();
        let mut complete = true;
        for (key_tree, value_tree) in entries {
            let key = self.facts(key_tree).constant;
            let value = self.facts(value_tree).constant;
            let Some(key) = key else {
                complete = false;
                continue;
            };
            complete &= value.is_some();
            if known.contains_key(&key) {
                self.warn_of_second_key(key_tree);
                continue;
            }
            known.insert(key, value.unwrap_or_default());
        }
        match complete {
            true => Facts::constant(Value::map(known)),
            false => Facts::of(Types::MAP),
        }
    }

    fn warn_of_second_key(&mut self, key: &Expr) {
        let message = format!("the key {} stands in the map twice", self.text(key.span));
        self.warn(
            Diagnostic::warning("S217", key.span.range(), message, "never read")
                .with_help("the first entry of a key counts; leave one of them out"),
        );
    }
}

#[cfg(test)]
mod tests;
