use alidade_event::{Event, NumberStyle, Value, read_value};
use alidade_stellar::{
    Context, EvalError, FunctionSpec, Layers, NoRemote, Program, Scope, TokenKind, Types, compile,
    tokens,
};

use super::{Target, Violation, promise, sources};
use crate::Observed;
use crate::scope::{NOW_MS, scope};

pub const TARGET: Target = Target {
    name: "evaluation",
    run,
    seeds: sources::expressions,
    generate: Some(sources::write_expression),
    words: sources::words,
};

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let source = String::from_utf8_lossy(input);
    let first = compile(&source, sources::library());
    let second = compile(&source, sources::library());
    let (program, again) = match (first, second) {
        (Ok(program), Ok(again)) => (program, again),
        (Err(findings), Err(same)) => {
            promise(findings == same, || {
                format!("{findings:?} and then {same:?}")
            })?;
            return sources::check_findings(&source, &findings, observed);
        }
        _ => return Err(Violation("it compiles only every other time".to_owned())),
    };
    let outcome = evaluate(&program, scope());
    match &outcome {
        Ok(value) => {
            observed.note(("value", value.type_name()));
            check_json(value)?;
            if let Some(spec) = outermost_call(&source) {
                promise(Types::of(value).within(spec.result), || {
                    let (kind, declared) = (Types::of(value), spec.result);
                    format!("{} gives {kind}, but declares {declared}", spec.name)
                })?;
            }
        }
        Err(EvalError::Pending) => {
            return Err(Violation(
                "it waits for a call that was answered".to_owned(),
            ));
        }
        Err(EvalError::Failed { message, span }) => {
            observed.note_message(message);
            let inside = span.clone().is_none_or(|span| source.get(span).is_some());
            promise(inside, || format!("the failure {message:?} is at {span:?}"))?;
        }
    }
    check_condition(&program, &outcome)?;
    if !program.is_deterministic() {
        return Ok(());
    }
    for name in called(&source) {
        observed.note((name, kind(&outcome)));
    }
    let shown = shown(&outcome);
    let repeated = self::shown(&evaluate(&again, scope()));
    promise(repeated == shown, || {
        format!("{shown} and the next time {repeated}")
    })?;
    if !looks_elsewhere(&program) {
        let mentioned = mentioned(&program);
        let layers: [&dyn Scope; 2] = [&Event::new(), &mentioned];
        let narrow = self::shown(&evaluate(&program, &Layers(&layers)));
        promise(narrow == shown, || {
            format!("{shown}, but {narrow} over only the variables that it mentions")
        })?;
    }
    Ok(())
}

fn evaluate(program: &Program, scope: &dyn Scope) -> Result<Value, EvalError> {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
    program.evaluate(scope, &mut context)
}

fn mentioned(program: &Program) -> Event {
    let mut event = Event::new();
    for name in program.variables() {
        if let Some(value) = scope().get(name) {
            event.set(name.clone(), value.clone());
        }
    }
    event
}

/// The function whose call the whole expression is.
fn outermost_call(source: &str) -> Option<FunctionSpec> {
    let mut depth = 0;
    let mut name = None;
    let mut is_over = false;
    for token in tokens(source) {
        let text = source.get(token.span)?;
        match token.kind {
            TokenKind::Blank | TokenKind::Comment => continue,
            _ if is_over => return None,
            TokenKind::Function if name.is_none() => name = Some(text),
            _ if name.is_none() => return None,
            TokenKind::Bracket if matches!(text, "(" | "[" | "{") => depth += 1,
            TokenKind::Bracket => {
                depth -= 1;
                is_over = depth == 0;
            }
            _ => {}
        }
    }
    sources::library().spec(name?)
}

/// Whether the value may depend on variables that the program does not mention: a lambda in a variable has its own.
fn looks_elsewhere(program: &Program) -> bool {
    let mut names = program.variables().iter();
    names.any(|name| {
        name == "_"
            || scope()
                .get(name)
                .is_some_and(|value| Types::of(value) == Types::LAMBDA)
    })
}

/// The JSON of a value can be read, and what was read is written the same way.
fn check_json(value: &Value) -> Result<(), Violation> {
    let json = value.to_json();
    // A map may hold one key in two types, which are one name in JSON.
    let once = read(&json)?.to_json();
    let twice = read(&once)?.to_json();
    promise(once == twice, || {
        format!(
            "{} is read and written as {}",
            beginning(&once),
            beginning(&twice)
        )
    })
}

fn read(json: &str) -> Result<Value, Violation> {
    read_value(json.as_bytes(), NumberStyle::Simple).map_err(|error| {
        let text = beginning(json);
        Violation(format!(
            "the JSON of a value cannot be read back: {error}: {text}"
        ))
    })
}

/// As much of a text as a message may hold.
fn beginning(text: &str) -> String {
    text.chars().take(300).collect()
}

/// A condition holds when the value is true, does not when it is false or null, and else fails.
fn check_condition(program: &Program, outcome: &Result<Value, EvalError>) -> Result<(), Violation> {
    if !program.is_deterministic() {
        return Ok(());
    }
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
    let verdict = program.evaluate_predicate(scope(), &mut context).ok();
    let expected = match outcome {
        Ok(Value::Bool(truth)) => Some(*truth),
        Ok(Value::Null) => Some(false),
        _ => None,
    };
    promise(verdict == expected, || {
        format!(
            "as a condition {verdict:?}, but the value is {}",
            shown(outcome)
        )
    })
}

fn kind(outcome: &Result<Value, EvalError>) -> String {
    match outcome {
        Ok(value) => Types::of(value).to_string(),
        Err(_) => "failure".to_owned(),
    }
}

fn shown(outcome: &Result<Value, EvalError>) -> String {
    match outcome {
        Ok(value) => format!("{} {}", value.type_name(), value.to_json()),
        Err(error) => format!("{error:?}"),
    }
}

fn called(source: &str) -> Vec<&str> {
    let words = source.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words
        .filter(|word| sources::library().spec(word).is_some())
        .take(8)
        .collect()
}
