//! Arithmetic and comparisons.

use alidade_event::Value;

use super::Checker;
use super::facts::{Facts, alike, conversion, kinds, orderable};
use crate::syntax::{ArithmeticOperator, Comparison, Expr, Kind, Span};
use crate::{Diagnostic, Types, operators};

impl Checker<'_> {
    pub(super) fn arithmetic(
        &mut self,
        first: &Expr,
        rest: &[(ArithmeticOperator, Expr)],
    ) -> Facts {
        self.warn_of_product_after_quotient(first, rest);
        let mut left = self.number(first);
        for (operator, tree) in rest {
            let right = self.number(tree);
            if *operator == ArithmeticOperator::Divide {
                self.check_divisor(&left, tree, &right);
            }
            left = calculated(*operator, &left, &right);
        }
        left
    }

    /// The facts about an operand, which must be a number or null.
    fn number(&mut self, tree: &Expr) -> Facts {
        let facts = self.facts(tree);
        let present = facts.types.without(Types::NULL);
        if present.intersects(Types::NUMBER) || facts.is_null() || present.is_none() {
            self.warn_of_null_branch(tree);
            return facts;
        }
        let message = format!("{present} cannot be calculated with");
        let help = match present.intersects(Types::TEXT) {
            true => {
                "texts are joined with JOIN or FORMAT, and converted with TO_INTEGER or TO_DOUBLE"
            }
            false => "only numbers can be calculated with; LENGTH counts members",
        };
        let finding =
            Diagnostic::error("S107", tree.span.range(), message, "not a number").with_help(help);
        match facts.types.intersects(Types::NULL) {
            true => self.fails_when_reached(finding),
            false => self.fails(finding),
        }
        Facts::of(Types::NUMBER)
    }

    /// A conditional one of whose branches is `null`, in arithmetic.
    fn warn_of_null_branch(&mut self, tree: &Expr) {
        let (branches, otherwise) = match &*tree.kind {
            Kind::Choose {
                branches,
                otherwise,
            } => (branches, otherwise),
            _ => return,
        };
        let values = branches.iter().map(|(_, value)| value);
        let is_null = |value: &&Expr| matches!(&*value.kind, Kind::Literal(Value::Null));
        let Some(null) = values.chain([&**otherwise]).find(is_null) else {
            return;
        };
        self.warn(
            Diagnostic::warning(
                "S209",
                null.span.range(),
                "null counts as 0 in arithmetic",
                "0 here",
            )
            .with_help("write the number that is meant, or put the conditional around the whole calculation"),
        );
    }

    fn check_divisor(&mut self, left: &Facts, tree: &Expr, right: &Facts) {
        let is_zero = match &right.constant {
            Some(Value::Null) => true,
            Some(Value::Int(number)) => *number == 0,
            Some(Value::Long(number)) => *number == 0,
            Some(_) => return,
            None => {
                self.warn_of_missing_divisor(tree);
                return;
            }
        };
        if !is_zero || !left.types.intersects(Types::INTEGER.or(Types::NULL)) {
            return;
        }
        let finding = Diagnostic::error(
            "S107",
            tree.span.range(),
            "a whole number cannot be divided by 0",
            "always 0",
        )
        .with_help("divide by another number");
        match left.types.within(Types::INTEGER.or(Types::NULL)) {
            true => self.fails(finding),
            false => self.fails_when_reached(finding),
        }
    }

    /// A field as divisor that nothing around has asked about.
    fn warn_of_missing_divisor(&mut self, tree: &Expr) {
        let Kind::Variable(name) = &*tree.kind else {
            return;
        };
        if self.guards.contains_key(name) || self.is_parameter(name) {
            return;
        }
        self.warn(
            Diagnostic::warning(
                "S208",
                tree.span.range(),
                format!("the division fails where `{name}` is missing or 0"),
                "null counts as 0",
            )
            .with_help(format!("write `if {name} > 0 then ... else 0`")),
        );
    }

    pub(super) fn comparisons(&mut self, first: &Expr, rest: &[(Comparison, Expr)]) -> Facts {
        let mut left = self.facts(first);
        let mut before = first;
        for (at, (operator, tree)) in rest.iter().enumerate() {
            let right = self.facts(tree);
            let sides = Sides {
                operator: *operator,
                span: first.span.to(tree.span),
                left: first,
                right: tree,
            };
            if at == 0 {
                self.compare(&sides, &left, &right);
            } else {
                self.compare_again(&sides, before, &left, &right);
            }
            before = tree;
            left = compared(*operator, &left, &right);
        }
        left
    }

    fn compare(&mut self, sides: &Sides, left: &Facts, right: &Facts) {
        if self.warn_of_same_sides(sides, left, right)
            || self.warn_of_nan(sides, left, right)
            || self.warn_of_impossible_text(sides, left, right)
            || self.warn_of_impossible_number(sides, left, right)
        {
            return;
        }
        if is_equality(sides.operator) {
            if !alike(left.types).intersects(right.types) && known_or_present(left, right) {
                self.warn_of_different_kinds(sides, left, right);
            }
            return;
        }
        if left.is_null() || right.is_null() {
            self.warn_of_null_order(sides, left);
            return;
        }
        if orderable(left.types, right.types) {
            self.warn_of_digits(sides, left, right);
            return;
        }
        let (a, b) = (kinds(left.types), kinds(right.types));
        let message = format!("{a} and {b} have no order");
        let finding = Diagnostic::error(
            "S107",
            sides.span.range(),
            message,
            "only numbers with numbers and texts with texts",
        )
        .with_help(conversion(left, right));
        match left.types.or(right.types).intersects(Types::NULL) {
            true => self.fails_when_reached(finding),
            false => self.fails(finding),
        }
    }

    /// A comparison of what a comparison gives.
    fn compare_again(&mut self, sides: &Sides, before: &Expr, left: &Facts, right: &Facts) {
        if right.types.within(Types::BOOLEAN.or(Types::NULL)) {
            return;
        }
        let first = Span {
            start: sides.left.span.start,
            end: before.span.end,
        };
        let second = before.span.to(sides.right.span);
        let help = match (self.quote(first), self.quote(second)) {
            (Some(first), Some(second)) => format!("write `{first} and {second}`"),
            _ => "write two comparisons with `and` between them".to_owned(),
        };
        let message = "comparisons are done from left to right: this compares true or false with the last value";
        let always_fails =
            !is_equality(sides.operator) && !orderable(left.types, right.types) && !right.is_null();
        if !always_fails {
            let finding =
                Diagnostic::warning("S214", sides.span.range(), message, "compared twice");
            self.warn(finding.with_help(help));
            return;
        }
        let finding =
            Diagnostic::error("S107", sides.span.range(), message, "always fails").with_help(help);
        match right.types.intersects(Types::NULL) {
            true => self.fails_when_reached(finding),
            false => self.fails(finding),
        }
    }

    fn warn_of_same_sides(&mut self, sides: &Sides, left: &Facts, right: &Facts) -> bool {
        let is_same = left.constant.is_none()
            && right.constant.is_none()
            && !matches!(&*sides.left.kind, Kind::Call { .. })
            && self.text(sides.left.span) == self.text(sides.right.span);
        if is_same {
            self.warn(
                Diagnostic::warning(
                    "S211",
                    sides.span.range(),
                    "the same stands on both sides",
                    "compared with itself",
                )
                .with_help(
                    "compare it with something else; whether it is there at all says `exists(...)`",
                ),
            );
        }
        is_same
    }

    fn warn_of_nan(&mut self, sides: &Sides, left: &Facts, right: &Facts) -> bool {
        let is_nan = |facts: &Facts| match facts.constant {
            Some(Value::Double(number)) => number.is_nan(),
            _ => false,
        };
        let other = match (is_nan(left), is_nan(right)) {
            (false, false) => return false,
            (true, _) => sides.right,
            _ => sides.left,
        };
        let help = match self.quote(other.span) {
            Some(other) => format!("write `IS_NAN({other})`"),
            None => "ask with IS_NAN".to_owned(),
        };
        let always = match sides.operator {
            Comparison::NotEqual => "always true",
            _ => "always false",
        };
        self.warn(
            Diagnostic::warning(
                "S206",
                sides.span.range(),
                "NaN is neither equal to any number nor less or greater",
                always,
            )
            .with_help(help),
        );
        true
    }

    fn warn_of_null_order(&mut self, sides: &Sides, left: &Facts) {
        let other = if left.is_null() {
            sides.right
        } else {
            sides.left
        };
        let help = match &*other.kind {
            Kind::Variable(name) => format!("whether a field is there says `exists({name})`"),
            _ => "whether there is a value says `!= null`".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S206",
                sides.span.range(),
                "null is neither less nor greater than anything",
                "always false",
            )
            .with_help(help),
        );
    }

    fn warn_of_different_kinds(&mut self, sides: &Sides, left: &Facts, right: &Facts) {
        let message = format!(
            "{} and {} are never equal",
            kinds(left.types),
            kinds(right.types)
        );
        let label = match sides.operator {
            Comparison::NotEqual => "always true",
            _ => "always false",
        };
        self.warn(
            Diagnostic::warning("S205", sides.span.range(), message, label)
                .with_help(conversion(left, right)),
        );
    }

    /// Texts that are digits are ordered as texts, and numbers are not ordered with texts at all.
    fn warn_of_digits(&mut self, sides: &Sides, left: &Facts, right: &Facts) {
        let (digits, other, tree) = match (left.text(), right.text()) {
            (None, Some(digits)) => (digits, left, sides.left),
            (Some(digits), None) => (digits, right, sides.right),
            _ => return,
        };
        let is_number = digits.bytes().any(|byte| byte.is_ascii_digit())
            && digits.trim().parse::<f64>().is_ok();
        // Digits with zeros before them are ordered well among texts of their length: `'06'` among hours.
        let is_padded = digits.len() > 1 && digits.starts_with('0');
        if !is_number || is_padded || !other.types.intersects(Types::TEXT) {
            return;
        }
        let help = match self.quote(tree.span) {
            Some(tree) => format!(
                "compare numbers: `TO_DOUBLE({tree})` with {}",
                digits.trim()
            ),
            None => "compare numbers: convert with TO_DOUBLE, and leave out the quotes".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S216",
                sides.span.range(),
                "texts are ordered by their characters: '9' comes after '10'",
                "a number in quotes",
            )
            .with_help(help),
        );
    }
}

/// A comparison of two values, as it stands in the source.
pub(super) struct Sides<'t> {
    pub operator: Comparison,
    pub span: Span,
    pub left: &'t Expr,
    pub right: &'t Expr,
}

pub(super) fn is_equality(operator: Comparison) -> bool {
    matches!(operator, Comparison::Equal | Comparison::NotEqual)
}

/// `x == null` is an ordinary question even when x is known never to be null.
fn known_or_present(left: &Facts, right: &Facts) -> bool {
    !left.is_null() && !right.is_null() && !left.types.is_none() && !right.types.is_none()
}

fn calculated(operator: ArithmeticOperator, left: &Facts, right: &Facts) -> Facts {
    if let (Some(left), Some(right)) = (&left.constant, &right.constant)
        && let Ok(value) = operators::arithmetic(operator, left, right)
    {
        return Facts::constant(value);
    }
    let is_decimal = |facts: &Facts| facts.types == Types::DECIMAL;
    match is_decimal(left) || is_decimal(right) {
        true => Facts::of(Types::DECIMAL),
        false => Facts::of(Types::NUMBER),
    }
}

fn compared(operator: Comparison, left: &Facts, right: &Facts) -> Facts {
    if let (Some(left), Some(right)) = (&left.constant, &right.constant)
        && let Ok(truth) = operators::compare(operator, left, right)
    {
        return Facts::constant(Value::Bool(truth));
    }
    Facts::of(Types::BOOLEAN)
}
