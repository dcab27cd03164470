//! Expressions whose meaning surprises: see the head of `data/tricky.txt`.

use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{Context, Library, NoRemote, compile, compile_predicate};

#[test]
fn surprising_expressions_mean_what_they_mean_upstream() {
    let library = Library::metron();
    let mut wrong = Vec::new();
    let mut checked = 0;
    for line in include_str!("data/tricky.txt").lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (case, expected) = line.split_once(" ==> ").expect("a value after `==>`");
        let case = case.trim_start_matches("! ");
        let (predicate, case) = match case.strip_prefix("predicate: ") {
            Some(case) => (true, case),
            None => (false, case),
        };
        let (variables, source) = case.split_once(" |- ").unwrap_or(("{}", case));
        let scope = Event::read_json(variables.as_bytes(), NumberStyle::Jackson).unwrap();
        let source = source.replace('⏎', "\n");
        let found = value(&source, &scope, predicate, &library);
        let agrees = match (&found, expected) {
            (Err(_), "ERROR") => true,
            (Ok(_), "ERROR") | (Err(_), _) => false,
            (Ok(found), expected) => {
                found.same(&value(expected, &Event::new(), false, &library).unwrap())
            }
        };
        checked += 1;
        if !agrees {
            wrong.push(format!("{line}\n    gives {found:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {checked}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(checked > 350);
}

fn value(source: &str, scope: &Event, predicate: bool, library: &Library) -> Result<Value, String> {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
    let first = |findings: Vec<alidade_stellar::Diagnostic>| findings[0].to_string();
    if predicate {
        let program = compile_predicate(source, library).map_err(first)?;
        let verdict = program.evaluate_predicate(scope, &mut context);
        return verdict.map(Value::Bool).map_err(|error| error.to_string());
    }
    let program = compile(source, library).map_err(first)?;
    program
        .evaluate(scope, &mut context)
        .map_err(|error| error.to_string())
}
