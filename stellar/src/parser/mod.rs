//! From tokens to the tree, by recursive descent.
//!
//! Upstream's grammar lets only some forms stand in some places: `and` may not stand bare in an argument, a comparison may
//! not stand left of `in`, `match` may not be an operand. So every piece carries its [`Form`], and each place names the
//! forms that it takes.

mod findings;
mod grouping;

use alidade_event::{Str, Value};

use crate::Diagnostic;
use crate::lexer::{Token, tokens};
use crate::syntax::{Connective, Expr, Kind, Span};
use grouping::{arithmetic, arithmetic_operator, comparison};

/// How deep an expression may nest. Deep enough for every hand, shallow enough for every stack.
pub(crate) const MAX_NESTING: usize = 100;

/// Longest source, in bytes.
const MAX_SOURCE: usize = 1 << 20;

/// Most parameters of a lambda. No function gives it more than two values.
const MAX_PARAMETERS: usize = 32;

const LEFT_OF_IN: &str = "left of `in`";

/// What kind of construct an expression is, as far as its place is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Numbers, names, calls, arithmetic, and conditionals in parentheses.
    Arithmetic,
    /// Strings, booleans, null, lists, maps, `exists`, lambdas.
    Operand,
    /// Comparisons, `not(...)`, and anything logical in parentheses.
    Comparison,
    In,
    Logic,
    Conditional,
    Match,
}

impl Form {
    fn is_operand(self) -> bool {
        matches!(self, Form::Arithmetic | Form::Operand)
    }

    fn is_comparison(self) -> bool {
        self.is_operand() || self == Form::Comparison
    }

    fn is_logic(self) -> bool {
        self.is_comparison() || matches!(self, Form::In | Form::Logic)
    }

    fn describe(self) -> &'static str {
        match self {
            Form::Arithmetic => "a number",
            Form::Operand => "a value",
            Form::Comparison => "a comparison",
            Form::In => "an `in`",
            Form::Logic => "an `and` or `or`",
            Form::Conditional => "a conditional",
            Form::Match => "a `match`",
        }
    }
}

type Parsed = Result<(Expr, Form), Box<Diagnostic>>;

/// Parses a whole source.
pub(crate) fn parse(source: &str) -> Result<Expr, Diagnostic> {
    if source.len() > MAX_SOURCE {
        let message = format!("the expression has more than {MAX_SOURCE} bytes");
        let finding = Diagnostic::error("S007", 0..0, message, "too long");
        return Err(finding.with_help("move parts of it into variables of their own"));
    }
    let tokens = tokens(source)?;
    let mut parser = Parser {
        tokens: &tokens,
        at: 0,
        depth: 0,
    };
    let (tree, _) = parser.expression().map_err(|finding| *finding)?;
    match parser.peek() {
        Token::End => Ok(tree),
        _ => Err(*parser.unexpected_after(&tree)),
    }
}

struct Parser<'t> {
    tokens: &'t [(Token, Span)],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> &Token {
        self.peek_ahead(0)
    }

    fn peek_ahead(&self, ahead: usize) -> &Token {
        self.tokens
            .get(self.at + ahead)
            .map_or(&Token::End, |(token, _)| token)
    }

    /// The place of the token that comes next; the last one stays.
    fn span(&self) -> Span {
        let last = self.tokens.len().saturating_sub(1);
        self.tokens
            .get(self.at.min(last))
            .map_or(Span::new(0, 0), |(_, span)| *span)
    }

    fn previous_span(&self) -> Span {
        self.tokens
            .get(self.at.saturating_sub(1))
            .map_or(Span::new(0, 0), |(_, span)| *span)
    }

    fn advance(&mut self) -> Span {
        let span = self.span();
        self.at += 1;
        span
    }

    fn take(&mut self, token: &Token) -> bool {
        let found = self.peek() == token;
        if found {
            self.at += 1;
        }
        found
    }

    fn expect(&mut self, token: &Token, context: &str) -> Result<Span, Box<Diagnostic>> {
        if self.peek() == token {
            return Ok(self.advance());
        }
        Err(self.missing(token, context))
    }

    fn enter(&mut self) -> Result<(), Box<Diagnostic>> {
        self.depth += 1;
        if self.depth <= MAX_NESTING {
            return Ok(());
        }
        let message = format!("the expression nests deeper than {MAX_NESTING} levels");
        Err(Box::new(
            Diagnostic::error("S007", self.span().range(), message, "too deep")
                .with_help("move parts of it into variables of their own"),
        ))
    }

    /// Anything at all, where a whole expression may stand.
    fn expression(&mut self) -> Parsed {
        self.enter()?;
        let parsed = match self.peek() {
            Token::If => self.conditional(),
            Token::Match => self.match_table(),
            _ => self.logic_or_ternary(),
        };
        self.depth -= 1;
        parsed
    }

    fn logic_or_ternary(&mut self) -> Parsed {
        let (first, form) = self.logic()?;
        if *self.peek() != Token::Question {
            return Ok((first, form));
        }
        let mut branches = Vec::new();
        let mut condition = (first, form);
        // `a ? b : c ? d : e` is one chain.
        loop {
            if !condition.1.is_logic() {
                return Err(self.misplaced(&condition.0, condition.1, "as a condition"));
            }
            self.advance();
            let (then, _) = self.expression()?;
            self.expect_colon()?;
            branches.push((condition.0, then));
            if matches!(self.peek(), Token::If | Token::Match) {
                let (otherwise, _) = self.expression()?;
                return Ok(chain(branches, otherwise));
            }
            let (next, form) = self.logic()?;
            if *self.peek() != Token::Question {
                return Ok(chain(branches, next));
            }
            condition = (next, form);
        }
    }

    fn expect_colon(&mut self) -> Result<(), Box<Diagnostic>> {
        if self.take(&Token::Colon) {
            return Ok(());
        }
        let finding = self.missing(&Token::Colon, "between the branches of `?`");
        let is_name = self
            .tokens
            .get(self.at.saturating_sub(1))
            .is_some_and(|(token, _)| matches!(token, Token::Name(name) if name.contains(':')));
        if !is_name {
            return Err(finding);
        }
        Err(Box::new(Diagnostic {
            span: self.previous_span().range(),
            label: "read as one name".to_owned(),
            ..finding.with_help("names may contain `:`, so put blanks around it")
        }))
    }

    fn conditional(&mut self) -> Parsed {
        let start = self.span();
        let mut branches = Vec::new();
        loop {
            self.advance();
            let (condition, form) = self.logic()?;
            if !form.is_logic() {
                return Err(self.misplaced(&condition, form, "as a condition"));
            }
            self.expect(&Token::Then, "after the condition")?;
            let (then, _) = self.expression()?;
            branches.push((condition, then));
            self.expect(&Token::Else, "after the first branch")?;
            if *self.peek() != Token::If {
                break;
            }
        }
        let (otherwise, _) = self.expression()?;
        let (mut tree, form) = chain(branches, otherwise);
        tree.span.start = start.start;
        Ok((tree, form))
    }

    fn match_table(&mut self) -> Parsed {
        let start = self.advance();
        self.expect(&Token::OpenBrace, "after `match`")?;
        let mut clauses = Vec::new();
        loop {
            if *self.peek() == Token::Default {
                break;
            }
            let (check, form) = self.expression()?;
            if form == Form::Match {
                return Err(self.misplaced(&check, form, "as a check"));
            }
            self.expect(&Token::Implies, "after the check")?;
            let (action, _) = self.expression()?;
            clauses.push((check, action));
            self.expect(&Token::Comma, "after the clause")?;
        }
        if clauses.is_empty() {
            let finding = self.error_here(
                "`match` needs a clause before `default`".to_owned(),
                "no clause".to_owned(),
            );
            let help = "write `match { condition => value, default => other }`";
            return Err(Box::new(finding.with_help(help)));
        }
        self.advance();
        self.expect(&Token::Implies, "after `default`")?;
        let (default, _) = self.expression()?;
        let end = self.expect(&Token::CloseBrace, "at the end of `match`")?;
        let kind = Kind::Match {
            clauses,
            default: Box::new(default),
        };
        let tree = Expr::new(kind, start.to(end));
        Ok((tree, Form::Match))
    }

    /// Terms with `and` and `or` between them.
    fn logic(&mut self) -> Parsed {
        let (first, form) = self.term()?;
        let mut rest = Vec::new();
        loop {
            let connective = match self.peek() {
                Token::And => Connective::And,
                Token::Or => Connective::Or,
                _ => break,
            };
            if rest.is_empty() && !form.is_logic() {
                return Err(self.misplaced(&first, form, "beside `and` or `or`"));
            }
            self.advance();
            let (next, form) = self.term()?;
            if !form.is_logic() {
                return Err(self.misplaced(&next, form, "beside `and` or `or`"));
            }
            rest.push((connective, next));
        }
        let Some((_, last)) = rest.last() else {
            return Ok((first, form));
        };
        let span = first.span.to(last.span);
        let kind = Kind::Logic {
            first: Box::new(first),
            rest,
        };
        Ok((Expr::new(kind, span), Form::Logic))
    }

    /// A comparison, or `x in y` whose right side takes the comparison that follows.
    fn term(&mut self) -> Parsed {
        let (first, form) = self.comparison_operand()?;
        if let Token::In | Token::NotIn = self.peek() {
            if !form.is_operand() {
                return Err(self.misplaced(&first, form, LEFT_OF_IN));
            }
            let negated = *self.peek() == Token::NotIn;
            self.advance();
            self.enter()?;
            let (container, form) = self.term()?;
            self.depth -= 1;
            if !form.is_logic() {
                return Err(self.misplaced(&container, form, "right of `in`"));
            }
            let span = first.span.to(container.span);
            let kind = Kind::In {
                member: Box::new(first),
                negated,
                container: Box::new(container),
            };
            return Ok((Expr::new(kind, span), Form::In));
        }
        let mut rest = Vec::new();
        while let Some(comparison) = comparison(self.peek()) {
            if rest.is_empty() && !form.is_comparison() {
                return Err(self.misplaced(&first, form, "in a comparison"));
            }
            self.advance();
            let (next, form) = self.comparison_operand()?;
            if !form.is_comparison() {
                return Err(self.misplaced(&next, form, "in a comparison"));
            }
            rest.push((comparison, next));
        }
        let Some((_, last)) = rest.last() else {
            return Ok((first, form));
        };
        let span = first.span.to(last.span);
        let kind = Kind::Compare {
            first: Box::new(first),
            rest,
        };
        Ok((Expr::new(kind, span), Form::Comparison))
    }

    /// One operand of a comparison: `not(...)`, or arithmetic, or a single value.
    fn comparison_operand(&mut self) -> Parsed {
        if *self.peek() == Token::Not {
            return self.negation();
        }
        let (first, form) = self.atom()?;
        if form != Form::Arithmetic {
            return Ok((first, form));
        }
        let mut operands = vec![first];
        let mut operators = Vec::new();
        while let Some(operator) = arithmetic_operator(self.peek()) {
            self.advance();
            let (next, form) = self.atom()?;
            if form != Form::Arithmetic {
                return Err(self.not_a_number(&next));
            }
            operators.push(operator);
            operands.push(next);
        }
        Ok((arithmetic(operands, operators), Form::Arithmetic))
    }

    fn negation(&mut self) -> Parsed {
        let start = self.advance();
        if *self.peek() != Token::OpenParen {
            let finding = self.error_here(
                "`not` needs parentheses".to_owned(),
                "`(` missing".to_owned(),
            );
            return Err(Box::new(finding.with_help("write `not(...)`")));
        }
        self.advance();
        let (inner, form) = self.expression()?;
        if !form.is_logic() {
            return Err(self.misplaced(&inner, form, "in `not(...)`"));
        }
        let end = self.expect(&Token::CloseParen, "to close `not(`")?;
        let tree = Expr::new(Kind::Not(Box::new(inner)), start.to(end));
        Ok((tree, Form::Comparison))
    }

    fn atom(&mut self) -> Parsed {
        let literal = match self.peek() {
            Token::Int(number) => (Value::Int(*number), Form::Arithmetic),
            Token::Long(number) => (Value::Long(*number), Form::Arithmetic),
            Token::Float(number) => (Value::Float(*number), Form::Arithmetic),
            Token::Double(number) => (Value::Double(*number), Form::Arithmetic),
            Token::NaN => (Value::Double(f64::NAN), Form::Arithmetic),
            Token::True => (Value::Bool(true), Form::Operand),
            Token::False => (Value::Bool(false), Form::Operand),
            Token::Null => (Value::Null, Form::Operand),
            Token::Text(text) => (Value::Str(text.clone()), Form::Operand),
            Token::Name(_) => return self.name(),
            Token::OpenParen => return self.parentheses(),
            Token::OpenBracket => return self.list(),
            Token::OpenBrace => return self.map(),
            Token::Exists => return self.exists(),
            _ => return Err(self.no_operand()),
        };
        let span = self.advance();
        let kind = Kind::Literal(literal.0);
        Ok((Expr::new(kind, span), literal.1))
    }

    /// A variable, a call, or a lambda with one parameter.
    fn name(&mut self) -> Parsed {
        let Token::Name(name) = self.peek().clone() else {
            return Err(self.no_operand());
        };
        let name_span = self.advance();
        match self.peek() {
            Token::OpenParen => self.call(name, name_span),
            Token::Arrow => self.lambda(vec![(name, name_span)], name_span),
            _ => {
                let tree = Expr::new(Kind::Variable(name), name_span);
                Ok((tree, Form::Arithmetic))
            }
        }
    }

    fn call(&mut self, name: Str, name_span: Span) -> Parsed {
        self.advance();
        let (arguments, end) = self.members(&Token::CloseParen, "as an argument")?;
        let tree = Expr::new(
            Kind::Call {
                name,
                name_span,
                arguments,
            },
            name_span.to(end),
        );
        Ok((tree, Form::Arithmetic))
    }

    fn list(&mut self) -> Parsed {
        let start = self.advance();
        let (members, end) = self.members(&Token::CloseBracket, "in a list")?;
        let tree = Expr::new(Kind::List(members), start.to(end));
        Ok((tree, Form::Operand))
    }

    fn members(
        &mut self,
        close: &Token,
        place: &str,
    ) -> Result<(Vec<Expr>, Span), Box<Diagnostic>> {
        let mut members = Vec::new();
        if *self.peek() == *close {
            return Ok((members, self.advance()));
        }
        loop {
            let (member, form) = self.expression()?;
            if !form.is_comparison() && form != Form::Conditional {
                return Err(self.misplaced(&member, form, place));
            }
            members.push(member);
            if *self.peek() == *close {
                return Ok((members, self.advance()));
            }
            if !self.take(&Token::Comma) {
                return Err(self.unclosed(close));
            }
        }
    }

    fn map(&mut self) -> Parsed {
        let start = self.advance();
        let mut entries = Vec::new();
        if *self.peek() != Token::CloseBrace {
            loop {
                entries.push(self.entry()?);
                if *self.peek() == Token::CloseBrace {
                    break;
                }
                if !self.take(&Token::Comma) {
                    return Err(self.unclosed(&Token::CloseBrace));
                }
            }
        }
        let end = self.advance();
        let tree = Expr::new(Kind::Map(entries), start.to(end));
        Ok((tree, Form::Operand))
    }

    fn entry(&mut self) -> Result<(Expr, Expr), Box<Diagnostic>> {
        self.enter()?;
        let (key, form) = self.term()?;
        self.depth -= 1;
        if !form.is_comparison() {
            return Err(self.misplaced(&key, form, "as a key"));
        }
        let glued = matches!(&*key.kind, Kind::Variable(name) if name.contains(':'));
        self.expect(&Token::Colon, "after the key")
            .map_err(|finding| {
                if glued {
                    return Box::new(
                        finding.with_help("names may contain `:`, so put blanks around it"),
                    );
                }
                finding
            })?;
        let (value, _) = self.expression()?;
        Ok((key, value))
    }

    fn exists(&mut self) -> Parsed {
        let start = self.advance();
        self.expect(&Token::OpenParen, "after `exists`")?;
        let Token::Name(name) = self.peek().clone() else {
            return Err(self.no_name());
        };
        self.advance();
        let end = self.expect(&Token::CloseParen, "to close `exists(`")?;
        let tree = Expr::new(Kind::Exists(name), start.to(end));
        Ok((tree, Form::Operand))
    }

    /// Parentheses: around the parameters of a lambda, or around an expression.
    fn parentheses(&mut self) -> Parsed {
        if let Some(parameters) = self.lambda_parameters() {
            let start = self.span();
            self.at += parameters.1;
            return self.lambda(parameters.0, start);
        }
        let start = self.advance();
        let (mut inner, form) = self.expression()?;
        let end = self.expect(&Token::CloseParen, "to close `(`")?;
        inner.span = start.to(end);
        inner.enclosed = true;
        let form = match form {
            Form::Arithmetic | Form::Conditional => Form::Arithmetic,
            Form::Match => Form::Match,
            Form::Operand | Form::Comparison | Form::In | Form::Logic => Form::Comparison,
        };
        Ok((inner, form))
    }

    /// The names of `(a, b) ->` and the number of tokens before the arrow.
    fn lambda_parameters(&self) -> Option<(Vec<(Str, Span)>, usize)> {
        let mut names = Vec::new();
        let mut ahead = 1;
        if *self.peek_ahead(1) == Token::CloseParen {
            return (*self.peek_ahead(2) == Token::Arrow).then_some((names, 2));
        }
        loop {
            let Some((Token::Name(name), span)) = self.tokens.get(self.at + ahead) else {
                return None;
            };
            names.push((name.clone(), *span));
            match self.peek_ahead(ahead + 1) {
                Token::Comma => ahead += 2,
                Token::CloseParen => break,
                _ => return None,
            }
        }
        (*self.peek_ahead(ahead + 2) == Token::Arrow).then_some((names, ahead + 2))
    }

    fn lambda(&mut self, parameters: Vec<(Str, Span)>, start: Span) -> Parsed {
        self.expect(&Token::Arrow, "after the parameters")?;
        if let Some((_, surplus)) = parameters.get(MAX_PARAMETERS) {
            return Err(self.too_many_parameters(*surplus));
        }
        let (body, _) = self.expression()?;
        let span = start.to(body.span);
        let kind = Kind::Lambda {
            parameters,
            body: Box::new(body),
        };
        Ok((Expr::new(kind, span), Form::Operand))
    }
}

fn chain(branches: Vec<(Expr, Expr)>, otherwise: Expr) -> (Expr, Form) {
    let start = branches
        .first()
        .map_or(otherwise.span, |(first, _)| first.span);
    let span = start.to(otherwise.span);
    let kind = Kind::Choose {
        branches,
        otherwise: Box::new(otherwise),
    };
    (Expr::new(kind, span), Form::Conditional)
}
