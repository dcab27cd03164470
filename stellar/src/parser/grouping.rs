//! Operators: what stands for them, and which of a chain bind tighter.

use alidade_event::Value;

use crate::lexer::Token;
use crate::syntax::{ArithmeticOperator, Comparison, Expr, Kind, Span};

/// The comparison that a token stands for.
pub(super) fn comparison(token: &Token) -> Option<Comparison> {
    Some(match token {
        Token::Equal => Comparison::Equal,
        Token::NotEqual => Comparison::NotEqual,
        Token::Less => Comparison::Less,
        Token::LessOrEqual => Comparison::LessOrEqual,
        Token::Greater => Comparison::Greater,
        Token::GreaterOrEqual => Comparison::GreaterOrEqual,
        _ => return None,
    })
}

/// The operator that a token stands for.
pub(super) fn arithmetic_operator(token: &Token) -> Option<ArithmeticOperator> {
    Some(match token {
        Token::Plus => ArithmeticOperator::Add,
        Token::Minus => ArithmeticOperator::Subtract,
        Token::Star => ArithmeticOperator::Multiply,
        Token::Slash => ArithmeticOperator::Divide,
        _ => return None,
    })
}

/// Groups a chain of operands: first `*`, then `/`, then `+` and `-`. That `*` binds tighter than `/` is upstream's way.
pub(super) fn arithmetic(operands: Vec<Expr>, operators: Vec<ArithmeticOperator>) -> Expr {
    use ArithmeticOperator::{Add, Divide, Multiply, Subtract};
    let levels: [&[ArithmeticOperator]; 3] = [&[Multiply], &[Divide], &[Add, Subtract]];
    let mut operands = operands;
    let mut operators = operators;
    for level in levels {
        if operators.is_empty() {
            break;
        }
        (operands, operators) = group(operands, operators, level);
    }
    let mut operands = operands.into_iter();
    operands
        .next()
        .unwrap_or(Expr::new(Kind::Literal(Value::Null), Span::new(0, 0)))
}

/// Joins the neighbours that an operator of this level ties together; keeps the other operators.
fn group(
    operands: Vec<Expr>,
    operators: Vec<ArithmeticOperator>,
    level: &[ArithmeticOperator],
) -> (Vec<Expr>, Vec<ArithmeticOperator>) {
    let mut joined: Vec<Expr> = Vec::new();
    let mut kept = Vec::new();
    let mut rest: Vec<(ArithmeticOperator, Expr)> = Vec::new();
    let mut operands = operands.into_iter();
    let Some(mut first) = operands.next() else {
        return (joined, kept);
    };
    for (operator, operand) in operators.into_iter().zip(operands) {
        if level.contains(&operator) {
            rest.push((operator, operand));
            continue;
        }
        joined.push(flat(first, std::mem::take(&mut rest)));
        kept.push(operator);
        first = operand;
    }
    joined.push(flat(first, rest));
    (joined, kept)
}

fn flat(first: Expr, rest: Vec<(ArithmeticOperator, Expr)>) -> Expr {
    let Some((_, last)) = rest.last() else {
        return first;
    };
    let span = first.span.to(last.span);
    let kind = Kind::Arithmetic {
        first: Box::new(first),
        rest,
    };
    Expr::new(kind, span)
}
