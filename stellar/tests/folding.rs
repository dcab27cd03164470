//! What is done at compile time changes no answer: neither constant folding nor what is remembered about variables.

use alidade_event::{Event, FieldName, NumberStyle, Value};
use alidade_stellar::{Context, EvalError, Library, NoRemote, Program, TokenKind, compile, tokens};
use serde_json::Value as Json;

const NOW_MS: i64 = 1_571_163_620_277;

fn run(program: &Program, scope: &Event) -> Result<Value, EvalError> {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
    program.evaluate(scope, &mut context)
}

/// The answer in a form that can be compared: objects by their texts.
fn answer(source: &str, scope: &Event) -> Result<String, String> {
    let program = compile(source, &Library::metron()).map_err(|_| "refused".to_owned())?;
    let value = run(&program, scope).map_err(|_| "failed".to_owned())?;
    Ok(format!("{} {}", value.type_name(), value.to_json()))
}

struct Case {
    source: String,
    scope: Event,
}

fn cases() -> Vec<Case> {
    include_str!("data/stellar.jsonl")
        .lines()
        .map(|line| {
            let case: Json = serde_json::from_str(line).unwrap();
            let mut scope = Event::new();
            if let Some(variables) = case["input"]["vars"].as_object() {
                for (name, value) in variables {
                    scope.set(name.as_str(), Value::from_serde(value, NumberStyle::Simple));
                }
            }
            Case {
                source: case["input"]["expr"].as_str().unwrap().to_owned(),
                scope,
            }
        })
        .collect()
}

/// The same expression with its strings and numbers as variables: nothing is left to be folded.
fn with_variables(case: &Case) -> Case {
    let mut source = String::new();
    let mut scope = case.scope.clone();
    for token in tokens(&case.source) {
        let text = &case.source[token.span.clone()];
        let is_literal = matches!(token.kind, TokenKind::Number | TokenKind::Text);
        match is_literal.then(|| compile(text, &Library::metron())) {
            Some(Ok(literal)) => {
                let name = format!("literal_{}", scope.len());
                // A name may hold dots and colons: it must not run into what follows.
                source.push_str(&format!(" {name} "));
                scope.set(name, run(&literal, &Event::new()).unwrap());
            }
            _ => source.push_str(text),
        }
    }
    Case { source, scope }
}

#[test]
fn constants_give_what_variables_give() {
    let mut checked = 0;
    let mut wrong = Vec::new();
    for case in cases() {
        let unfolded = with_variables(&case);
        let is_an_expression = match compile(&case.source, &Library::metron()) {
            Err(findings) => !findings[0].code.starts_with("S0"),
            Ok(_) => true,
        };
        if unfolded.source == case.source || !is_an_expression {
            continue;
        }
        checked += 1;
        match (
            answer(&case.source, &case.scope),
            answer(&unfolded.source, &unfolded.scope),
        ) {
            (Ok(folded), Ok(evaluated)) if folded == evaluated => {}
            (Err(_), Err(_)) => {}
            (folded, evaluated) => wrong.push(format!(
                "{}: {folded:?}\n{}: {evaluated:?}",
                case.source, unfolded.source
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(checked > 1_000, "{checked}");
}

#[test]
fn a_program_gives_the_same_again_and_so_does_its_twin() {
    for case in cases() {
        let programs = [(); 2].map(|()| compile(&case.source, &Library::metron()));
        let [Ok(first), Ok(second)] = programs else {
            continue;
        };
        // The same fields at other places, after one more.
        let mut moved = Event::new();
        moved.set("one_more", 1);
        let fields: Vec<(FieldName, Value)> = case.scope.clone().into_iter().collect();
        for (name, value) in fields.into_iter().rev() {
            moved.set(name, value);
        }
        let shown = |outcome: Result<Value, EvalError>| outcome.map(|value| value.to_json());
        let expected = shown(run(&first, &case.scope));
        assert_eq!(
            shown(run(&second, &case.scope)),
            expected,
            "{}",
            case.source
        );
        assert_eq!(shown(run(&first, &case.scope)), expected, "{}", case.source);
        if !first.variables().iter().any(|name| name == "_") {
            assert_eq!(shown(run(&first, &moved)), expected, "{}", case.source);
            assert_eq!(shown(run(&first, &case.scope)), expected, "{}", case.source);
        }
    }
}

#[test]
fn what_fails_fails_at_its_place_when_it_is_evaluated() {
    let mut scope = Event::new();
    scope.set("a", 1);
    scope.set("yes", true);
    for (source, place) in [
        ("a + (1 / LENGTH(''))", Some("(1 / LENGTH(''))")),
        ("1 / LENGTH('') + a", Some("1 / LENGTH('')")),
        ("yes or 1 / 0 == 1", None),
        ("not(yes) and 1 / 0 == 1", None),
        ("true or 1 / 0 == 1", None),
        ("if yes then a else 1 / 0", None),
        ("if TRIM('text') then a else 2", Some("TRIM('text')")),
        ("if yes then JOIN(1, ',') else 2", Some("JOIN(1, ',')")),
        (
            "REGEXP_MATCH('x', TRIM(' ( '))",
            Some("REGEXP_MATCH('x', TRIM(' ( '))"),
        ),
        (
            "IN_SUBNET('10.0.0.1', TO_LOWER('X'))",
            Some("IN_SUBNET('10.0.0.1', TO_LOWER('X'))"),
        ),
    ] {
        let program = compile(source, &Library::metron())
            .unwrap_or_else(|findings| panic!("{source}: {findings:?}"));
        match (run(&program, &scope), place) {
            (Ok(_), None) => {}
            (Err(EvalError::Failed { span, .. }), Some(place)) => {
                assert_eq!(&source[span.unwrap()], place, "{source}");
            }
            (outcome, _) => panic!("{source}: {outcome:?}"),
        }
    }
}

#[test]
fn what_depends_on_the_clock_is_not_told_at_compile_time() {
    let at = |now_ms: i64, source: &str| {
        let program = compile(source, &Library::metron()).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, now_ms, &mut remote);
        program.evaluate(&Event::new(), &mut context).unwrap()
    };
    // Two digits of a year mean the century that is near.
    for source in [
        "YEAR()",
        "TO_EPOCH_TIMESTAMP('30', 'yy')",
        "DATE_FORMAT('yyyy', 'UTC')",
    ] {
        let decades = 100 * 365 * 86_400_000i64;
        assert_ne!(at(NOW_MS, source), at(NOW_MS + decades, source), "{source}");
    }
}

#[test]
fn what_is_large_is_made_when_it_is_needed() {
    let source = format!("[{}]", vec!["FILL_LEFT('a', 'b', 4000)"; 2_000].join(","));
    let started = std::time::Instant::now();
    let program = compile(&source, &Library::metron()).unwrap();
    let shown = format!("{program:?}").len();
    assert!(shown < 2_000_000, "{shown}");
    assert!(started.elapsed().as_secs() < 20);
    let Ok(Value::List(list)) = run(&program, &Event::new()) else {
        panic!("a list");
    };
    assert!(
        list.iter()
            .all(|text| text.as_str().unwrap().len() == 4_000)
    );
}
