//! Comparisons with what a function can never give.

use alidade_event::Value;

use super::Checker;
use super::facts::Facts;
use super::operators::{Sides, is_equality};
use crate::Diagnostic;
use crate::syntax::{Comparison, Expr, Kind};

/// Functions whose numbers lie between bounds, with what is worth knowing about them.
const RANGES: &[(&str, i64, i64, &str)] = &[
    ("MONTH", 0, 11, "January is 0, December 11"),
    ("DAY_OF_WEEK", 1, 7, "Sunday is 1, Saturday 7"),
    ("DAY_OF_MONTH", 1, 31, "the first day is 1"),
    ("DAY_OF_YEAR", 1, 366, "the first of January is 1"),
    ("WEEK_OF_MONTH", 0, 6, "the first week is 1"),
    ("WEEK_OF_YEAR", 1, 53, "the first week is 1"),
];

/// The name of the function that an expression calls.
pub(super) fn called(tree: &Expr) -> Option<&str> {
    match &*tree.kind {
        Kind::Call { name, .. } => Some(name),
        _ => None,
    }
}

impl Checker<'_> {
    /// `TO_LOWER(x) == 'ABC'`; whether it was found.
    pub(super) fn warn_of_impossible_text(
        &mut self,
        sides: &Sides,
        left: &Facts,
        right: &Facts,
    ) -> bool {
        let (tree, text) = match (left.text(), right.text()) {
            (None, Some(text)) => (sides.left, text),
            (Some(text), None) => (sides.right, text),
            _ => return false,
        };
        let Some(possible) = recased(tree, text) else {
            return false;
        };
        if !is_equality(sides.operator) {
            return false;
        }
        let name = called(tree).unwrap_or_default();
        let label = match sides.operator {
            Comparison::NotEqual => "always true",
            _ => "always false",
        };
        let finding = Diagnostic::warning(
            "S205",
            sides.span.range(),
            format!("{name} never gives '{text}'"),
            label,
        );
        self.warn(finding.with_help(format!("compare with '{possible}'")));
        true
    }

    /// `MONTH(x) == 12`; whether it was found.
    pub(super) fn warn_of_impossible_number(
        &mut self,
        sides: &Sides,
        left: &Facts,
        right: &Facts,
    ) -> bool {
        let whole = |facts: &Facts| facts.constant.as_ref().and_then(Value::as_i64);
        let (tree, number) = match (whole(left), whole(right)) {
            (None, Some(number)) => (sides.left, number),
            (Some(number), None) => (sides.right, number),
            _ => return false,
        };
        let range = RANGES
            .iter()
            .find(|(name, ..)| called(tree) == Some(name))
            .filter(|(_, least, most, _)| number < *least || number > *most);
        let Some((name, _, _, hint)) = range else {
            return false;
        };
        if !is_equality(sides.operator) {
            return false;
        }
        let label = match sides.operator {
            Comparison::NotEqual => "always true",
            _ => "always false",
        };
        let message = format!("{name} never gives {number}");
        self.warn(Diagnostic::warning("S205", sides.span.range(), message, label).with_help(*hint));
        true
    }
}

/// The text that was probably meant, where a call that changes the case of texts cannot give this one.
pub(super) fn recased(tree: &Expr, text: &str) -> Option<String> {
    let possible = match called(tree)? {
        "TO_LOWER" => text.to_ascii_lowercase(),
        "TO_UPPER" => text.to_ascii_uppercase(),
        _ => return None,
    };
    (possible != text).then_some(possible)
}
