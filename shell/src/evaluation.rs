//! One expression, from its text to its value.

use alidade_event::{Event, Value};
use alidade_stellar::{
    Context, Diagnostic, EvalError, Library, NoRemote, Program, RemoteCalls, Severity, compile,
};

/// Evaluates an expression. Models are not asked: their functions yield null.
///
/// # Errors
/// What is wrong, as a text for people with the place underlined.
pub fn evaluate(
    source: &str,
    variables: &Event,
    global: &Value,
    library: &Library,
) -> Result<Value, String> {
    let program = compile(source, library).map_err(|findings| rendered(&findings, source))?;
    run(&program, variables, global, &mut NoRemote).map_err(|error| underlined(source, &error))
}

/// Evaluates a program at the present time.
pub(crate) fn run(
    program: &Program,
    variables: &Event,
    global: &Value,
    remote: &mut dyn RemoteCalls,
) -> Result<Value, EvalError> {
    let mut context = Context::new(global, now_ms(), remote);
    program.evaluate(variables, &mut context)
}

/// The clock, in epoch milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since_epoch.map_or(0, |time| {
        i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
    })
}

/// Findings for people, with their places underlined.
pub(crate) fn rendered(findings: &[Diagnostic], source: &str) -> String {
    let texts: Vec<String> = findings
        .iter()
        .map(|finding| finding.render(source))
        .collect();
    texts.join("\n")
}

/// A failure for people, with its place underlined where it is known.
pub(crate) fn underlined(source: &str, error: &EvalError) -> String {
    let EvalError::Failed {
        message,
        span: Some(span),
    } = error
    else {
        return error.to_string();
    };
    let diagnostic = Diagnostic {
        code: "evaluation",
        severity: Severity::Error,
        span: span.clone(),
        message: message.clone(),
        label: String::new(),
        help: None,
    };
    diagnostic.render(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evaluated(source: &str) -> Result<Value, String> {
        let variables = Event::new();
        evaluate(source, &variables, &Value::Null, &Library::metron())
    }

    #[test]
    fn what_is_wrong_is_underlined() {
        assert_eq!(evaluated("1 + 2"), Ok(Value::Int(3)));
        let unknown = evaluated("1 + NO_SUCH(1)").unwrap_err();
        assert!(unknown.contains("^^^^^^^"), "{unknown}");
        let failed = evaluated("GET([1], 'x' + 1) / 0").unwrap_err();
        assert!(failed.contains('^'), "{failed}");
    }
}
