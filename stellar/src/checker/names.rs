//! Variables, and the parameters of lambdas.

use alidade_event::Str;

use super::Checker;
use super::facts::Facts;
use crate::syntax::{Expr, Kind, Span};
use crate::{Diagnostic, Types};

/// A parameter of a lambda.
pub(super) struct Bound {
    name: Str,
    used: bool,
}

/// Words that are names because of their spelling, with the word that was meant.
const NEARLY_WORDS: [&str; 4] = ["true", "false", "null", "NaN"];

impl Checker<'_> {
    /// Notes down that a name is used; whether it is a parameter.
    pub(super) fn use_of(&mut self, name: &str) -> bool {
        let bound = self.parameters.iter_mut().rfind(|known| known.name == name);
        match bound {
            Some(bound) => {
                bound.used = true;
                true
            }
            None => false,
        }
    }

    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.iter().any(|known| known.name == name)
    }

    pub(super) fn variable(&mut self, name: &Str, span: Span) -> Facts {
        if self.use_of(name) {
            return Facts::unknown();
        }
        if name == "_" {
            return Facts::of(Types::MAP);
        }
        self.warn_of_odd_name(name, span);
        Facts::unknown()
    }

    fn warn_of_odd_name(&mut self, name: &str, span: Span) {
        let nearly = NEARLY_WORDS
            .iter()
            .find(|word| name.eq_ignore_ascii_case(word));
        if let Some(word) = nearly {
            self.warn(
                Diagnostic::warning(
                    "S226",
                    span.range(),
                    format!("`{name}` is a variable, not the word `{word}`"),
                    "probably always missing",
                )
                .with_help(format!("write `{word}`")),
            );
            return;
        }
        let Some(function) = self.library.function(name) else {
            return;
        };
        let signature = function.spec.signature();
        self.warn(
            Diagnostic::warning(
                "S225",
                span.range(),
                format!("`{name}` is a variable here, not the function"),
                "probably always missing",
            )
            .with_help(format!(
                "call it, as {signature}; where a lambda is asked for, write `x -> {name}(x)`"
            )),
        );
    }

    pub(super) fn lambda(&mut self, parameters: &[(Str, Span)], body: &Expr) -> Facts {
        let around = self.parameters.len();
        for (at, (name, span)) in parameters.iter().enumerate() {
            let twice = parameters
                .iter()
                .take(at)
                .any(|(earlier, _)| earlier == name);
            if twice || self.is_parameter(name) {
                self.warn_of_hidden_parameter(name, *span, twice);
            }
        }
        let bound = parameters.iter().map(|(name, _)| Bound {
            name: name.clone(),
            used: false,
        });
        self.parameters.extend(bound);
        self.perhaps(body);
        let is_unused = self.parameters.drain(around..).all(|bound| !bound.used);
        if let (Some((_, first)), Some((_, last)), true) =
            (parameters.first(), parameters.last(), is_unused)
        {
            self.warn_of_unused_parameters(first.to(*last), body);
        }
        Facts::of(Types::LAMBDA)
    }

    fn warn_of_hidden_parameter(&mut self, name: &str, span: Span, twice: bool) {
        let (message, label) = match twice {
            true => (
                format!("the parameter `{name}` stands twice"),
                "the last one counts",
            ),
            false => (
                format!("the parameter `{name}` hides that of a lambda around it"),
                "the outer one cannot be read",
            ),
        };
        self.warn(
            Diagnostic::warning("S219", span.range(), message, label)
                .with_help("give it another name"),
        );
    }

    fn warn_of_unused_parameters(&mut self, span: Span, body: &Expr) {
        let message = match &*body.kind {
            Kind::Literal(_) => "the lambda gives the same value for every member",
            _ => "the lambda does not look at what it is given",
        };
        self.warn(
            Diagnostic::warning("S218", span.range(), message, "not used in the body").with_help(
                "use it in the body, or write `() -> ...` where the members do not matter",
            ),
        );
    }
}
