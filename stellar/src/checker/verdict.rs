//! Conditions whose value is no boolean.

use alidade_event::Value;

use super::Checker;
use super::facts::Facts;
use crate::syntax::{Expr, Kind};
use crate::{Diagnostic, Types};

impl Checker<'_> {
    /// Looks at the value of a whole condition.
    pub(super) fn verdict(&mut self, tree: &Expr, facts: &Facts) {
        if facts.types.intersects(Types::BOOLEAN) {
            self.check_constant_verdict(tree, facts);
            return;
        }
        if facts.is_null() {
            let finding = Diagnostic::warning(
                "S210",
                tree.span.range(),
                "this condition is always false",
                "null does not hold",
            );
            self.warn(finding.with_help("compare a field, or write `false`"));
            return;
        }
        let present = facts.types.without(Types::NULL);
        let nullable = facts.types.intersects(Types::NULL);
        let label = match nullable {
            true => "fails unless it is null",
            false => "always fails",
        };
        let finding = Diagnostic::error(
            "S106",
            tree.span.range(),
            format!("a condition gives true or false, but this gives {present}"),
            label,
        )
        .with_help(self.comparison_instead(tree, facts));
        match nullable {
            true => self.fails_when_reached(finding),
            false => self.fails(finding),
        }
    }

    /// A condition that is always the same. `true` and `false` alone are written on purpose.
    fn check_constant_verdict(&mut self, tree: &Expr, facts: &Facts) {
        let Some(truth) = facts.verdict() else {
            return;
        };
        if matches!(&*tree.kind, Kind::Literal(_)) {
            return;
        }
        let finding = Diagnostic::warning(
            "S210",
            tree.span.range(),
            format!("this condition is always {truth}"),
            "the same for every message",
        );
        self.warn(finding.with_help(format!("compare a field, or write `{truth}`")));
    }

    /// What to write where something else than a condition stands.
    pub(super) fn comparison_instead(&self, tree: &Expr, facts: &Facts) -> String {
        if let Kind::Choose {
            branches,
            otherwise,
        } = &*tree.kind
        {
            let spells_truth = |value: &Expr| match &*value.kind {
                Kind::Literal(Value::Str(text)) => matches!(&**text, "true" | "false"),
                Kind::Literal(value) => value.is_null(),
                _ => false,
            };
            if spells_truth(otherwise) && branches.iter().all(|(_, value)| spells_truth(value)) {
                return "write `true` and `false` without quotes".to_owned();
            }
        }
        let present = facts.types.without(Types::NULL);
        if present == Types::LAMBDA {
            return "write what is to hold, without parameters and arrow".to_owned();
        }
        let is_plain = matches!(
            &*tree.kind,
            Kind::Variable(_) | Kind::Call { .. } | Kind::Arithmetic { .. } | Kind::Literal(_)
        );
        let shown = match self.quote(tree.span) {
            Some(text) if is_plain || tree.enclosed => text.to_owned(),
            Some(text) => format!("({text})"),
            None => "...".to_owned(),
        };
        if facts.text().is_some() {
            return format!("compare a field with it: `field == {shown}`");
        }
        if present == Types::TEXT {
            return format!("compare it: `{shown} == '...'`");
        }
        if present.within(Types::NUMBER) {
            return format!("compare it: `{shown} > 0`");
        }
        if present.within(Types::LIST.or(Types::MAP).or(Types::SET)) {
            return format!("ask whether there is anything in it: `LENGTH({shown}) > 0`");
        }
        format!("compare it: `{shown} == ...`")
    }
}
