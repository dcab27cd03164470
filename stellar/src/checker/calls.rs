//! Calls: whether the arguments are of kinds with which a call can succeed.

use alidade_event::Value;

use super::Checker;
use super::facts::Facts;
use crate::syntax::{Expr, Kind};
use crate::{Diagnostic, FunctionSpec, Parameter, Types};

/// How many values the functions that take a lambda give it.
const GIVEN: &[(&str, usize)] = &[("MAP", 1), ("FILTER", 1), ("REDUCE", 2), ("KAFKA_FIND", 1)];

impl Checker<'_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr]) -> Facts {
        // `MAP_GET(key, _, default)` asks for its default only where there is no such field.
        let is_field_access = name == "MAP_GET"
            && matches!(arguments.get(1).map(|tree| &*tree.kind), Some(Kind::Variable(name)) if name == "_");
        let mut facts = Vec::with_capacity(arguments.len());
        for (at, argument) in arguments.iter().enumerate() {
            facts.push(match is_field_access && at > 1 {
                true => self.perhaps(argument),
                false => self.facts(argument),
            });
        }
        let Some(function) = self.library.function(name) else {
            return Facts::unknown();
        };
        let spec = function.spec;
        for (at, (argument, facts)) in arguments.iter().zip(&facts).enumerate() {
            if let Some(parameter) = parameter_at(&spec, at) {
                self.check_argument(&spec, parameter, argument, facts);
            }
        }
        self.warn_of_surplus(&spec, arguments);
        if let Some((_, given)) = GIVEN.iter().find(|(known, _)| *known == name)
            && let Some(lambda) = arguments.get(1)
        {
            self.check_parameters(lambda, name, *given);
        }
        self.look_at_patterns(name, arguments, &facts);
        self.look_at_dates(name, arguments, &facts);
        match spec.result.is_none() {
            true => Facts::unknown(),
            false => Facts::of(spec.result),
        }
    }

    fn check_argument(
        &mut self,
        spec: &FunctionSpec,
        parameter: &Parameter,
        argument: &Expr,
        facts: &Facts,
    ) {
        let common = facts.types.intersects(parameter.accepts);
        let present = facts.types.without(Types::NULL);
        let present_fails = !present.is_none() && !present.intersects(parameter.accepts);
        if common && !present_fails {
            return;
        }
        let found = if present.is_none() {
            Types::NULL
        } else {
            present
        };
        let wanted = match parameter.accepts.without(Types::NULL) {
            wanted if wanted.is_none() => parameter.accepts,
            wanted => wanted,
        };
        let finding = Diagnostic::error(
            "S105",
            argument.span.range(),
            format!(
                "{}: `{}` must be {wanted}, not {found}",
                spec.name, parameter.name
            ),
            match common {
                true => "fails unless it is null",
                false => "every call fails",
            },
        )
        .with_help(remedy(spec, wanted, found, facts));
        match common {
            true => self.fails_when_reached(finding),
            false => self.fails(finding),
        }
    }

    fn warn_of_surplus(&mut self, spec: &FunctionSpec, arguments: &[Expr]) {
        if spec.exact || spec.parameters.iter().any(|parameter| parameter.repeated) {
            return;
        }
        let surplus = arguments.get(spec.parameters.len()..).unwrap_or_default();
        let (Some(first), Some(last)) = (surplus.first(), surplus.last()) else {
            return;
        };
        let most = spec.parameters.len();
        let (message, label) = match spec.name {
            "SET_INIT" => (
                "with more than one argument SET_INIT gives an empty set".to_owned(),
                "makes the set empty",
            ),
            name => (
                format!("{name} looks at its first {most} arguments only"),
                "ignored",
            ),
        };
        self.warn(
            Diagnostic::warning("S221", first.span.to(last.span).range(), message, label)
                .with_help(format!("leave it out: {}", spec.signature())),
        );
    }

    /// Parameters of a lambda that never get a value, because its caller gives fewer.
    pub(super) fn check_parameters(&mut self, lambda: &Expr, caller: &str, given: usize) {
        let Kind::Lambda { parameters, .. } = &*lambda.kind else {
            return;
        };
        let surplus = parameters.get(given..).unwrap_or_default();
        let (Some((_, first)), Some((_, last))) = (surplus.first(), surplus.last()) else {
            return;
        };
        let gives = match given {
            0 => "nothing".to_owned(),
            1 => "one value".to_owned(),
            more => format!("{more} values"),
        };
        self.warn(
            Diagnostic::warning(
                "S220",
                first.to(*last).range(),
                format!("{caller} gives a lambda {gives}"),
                "always null",
            )
            .with_help("leave the parameter out, or read a field instead"),
        );
    }
}

/// The parameter that an argument belongs to; the last one may be repeated.
fn parameter_at(spec: &FunctionSpec, at: usize) -> Option<&'static Parameter> {
    let parameters = spec.parameters;
    parameters
        .get(at)
        .or_else(|| parameters.last().filter(|last| last.repeated))
}

fn remedy(spec: &FunctionSpec, wanted: Types, found: Types, facts: &Facts) -> String {
    let signature = spec.signature();
    match &facts.constant {
        Some(Value::Int(number)) if wanted == Types::TEXT => {
            return format!("put it in quotes: `'{number}'`; {signature}");
        }
        Some(Value::Str(text)) if wanted.within(Types::NUMBER) && text.parse::<f64>().is_ok() => {
            return format!("leave out the quotes: `{text}`; {signature}");
        }
        Some(Value::Null) => return format!("null makes every call fail; {signature}"),
        _ => {}
    }
    if wanted == Types::TEXT && found.within(Types::NUMBER.or(Types::BOOLEAN)) {
        return format!("convert it with TO_STRING; {signature}");
    }
    if wanted.within(Types::NUMBER) && found == Types::TEXT {
        return format!("convert it with TO_INTEGER or TO_DOUBLE; {signature}");
    }
    if wanted.intersects(Types::LIST) && found.within(Types::NUMBER.or(Types::TEXT)) {
        return format!("a list is written `[a, b]`; {signature}");
    }
    if wanted == Types::LAMBDA {
        return format!("a lambda is written `x -> ...`; {signature}");
    }
    signature
}
