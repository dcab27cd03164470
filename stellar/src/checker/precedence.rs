//! Where upstream's precedences differ from those of every other language.

use super::Checker;
use crate::Diagnostic;
use crate::syntax::{ArithmeticOperator, Connective, Expr, Kind, Span};

/// Longest remedy that is spelt out.
const MAX_SPELT: usize = 90;

fn word(connective: Connective) -> &'static str {
    match connective {
        Connective::And => "and",
        Connective::Or => "or",
    }
}

impl Checker<'_> {
    pub(super) fn warn_of_mixed_connectives(
        &mut self,
        first: &Expr,
        rest: &[(Connective, Expr)],
        span: Span,
    ) {
        if rest.windows(2).all(|pair| pair[0].0 == pair[1].0) {
            return;
        }
        let help = match self.grouped_to_the_right(first, rest) {
            Some(grouped) => {
                format!("it is read as `{grouped}`; write the parentheses that are meant")
            }
            None => "put parentheses around the groups that are meant".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S201",
                span.range(),
                "`and` and `or` have the same precedence and group to the right",
                "mixed here",
            )
            .with_help(help),
        );
    }

    /// The chain with parentheses where it changes its connective, unless that gets too long to read.
    fn grouped_to_the_right(&self, first: &Expr, rest: &[(Connective, Expr)]) -> Option<String> {
        let mut grouped = self.quote(first.span)?.to_owned();
        let mut open = 0;
        for (at, (connective, operand)) in rest.iter().enumerate() {
            let changes = rest.get(at + 1).is_some_and(|(next, _)| next != connective);
            let parenthesis = if changes { "(" } else { "" };
            open += usize::from(changes);
            let operand = self.quote(operand.span)?;
            grouped.push_str(&format!(" {} {parenthesis}{operand}", word(*connective)));
            if grouped.len() > MAX_SPELT {
                return None;
            }
        }
        grouped.push_str(&")".repeat(open));
        Some(grouped)
    }

    pub(super) fn warn_of_product_after_quotient(
        &mut self,
        first: &Expr,
        rest: &[(ArithmeticOperator, Expr)],
    ) {
        use ArithmeticOperator::{Divide, Multiply};
        for (at, (operator, operand)) in rest.iter().enumerate() {
            if *operator != Divide || operand.enclosed {
                continue;
            }
            let Kind::Arithmetic {
                first: factor,
                rest: factors,
            } = &*operand.kind
            else {
                continue;
            };
            if factors.first().is_none_or(|(inner, _)| *inner != Multiply) {
                continue;
            }
            let dividend = match at.checked_sub(1).and_then(|before| rest.get(before)) {
                None => first.span,
                Some((_, before)) => first.span.to(before.span),
            };
            let parts = (self.quote(dividend), self.quote(factor.span));
            let factors = Span {
                start: factor.span.end,
                end: operand.span.end,
            };
            let help = match (parts, self.quote(factors)) {
                ((Some(dividend), Some(factor)), Some(factors)) => format!(
                    "to divide first, write `({dividend} / {factor}) {factors}`; else put parentheses around the product"
                ),
                _ => "put parentheses around what is meant".to_owned(),
            };
            self.warn(
                Diagnostic::warning(
                    "S202",
                    operand.span.range(),
                    "`*` binds tighter than `/`",
                    "the whole product is the divisor",
                )
                .with_help(help),
            );
            return;
        }
    }

    /// Whether a comparison stands bare on the right side of `in`.
    pub(super) fn is_swallowed(&self, container: &Expr) -> bool {
        !container.enclosed && matches!(&*container.kind, Kind::Compare { .. })
    }

    pub(super) fn warn_of_swallowed_comparison(&mut self, span: Span, container: &Expr) {
        let Kind::Compare { first, .. } = &*container.kind else {
            return;
        };
        let membership = Span {
            start: span.start,
            end: first.span.end,
        };
        let comparison = Span {
            start: first.span.end,
            end: container.span.end,
        };
        let help = match (self.quote(membership), self.quote(comparison)) {
            (Some(membership), Some(comparison)) => format!("write `({membership}) {comparison}`"),
            _ => "put parentheses around the `in`".to_owned(),
        };
        self.warn(
            Diagnostic::warning(
                "S203",
                container.span.range(),
                "the comparison right of `in` is done first",
                "this is what is searched",
            )
            .with_help(help),
        );
    }
}
