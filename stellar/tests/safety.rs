//! No input may panic, hang, or take unbounded memory or stack.

use std::sync::Arc;
use std::time::Duration;

use alidade_event::{Event, Map, NumberStyle, Value};
use alidade_stellar::{
    Context, EvalError, HostCall, HostFunction, Layers, Library, NoRemote, Program, RemoteCalls,
    RemoteOutcome, Scope, compile, compile_predicate,
};
use proptest::prelude::*;

fn scope() -> Event {
    let text = r#"{"a":10,"b":-3.5,"s":"12","t":true,"l":[1,"x",null,[2]],"m":{"k":1},"n":null,
        "u":"http://www.example.co.uk:80/a?b","ip":"192.168.1.5","d":"2019-10-15 18:20:20","e":"é😀"}"#;
    Event::read_json(text.as_bytes(), NumberStyle::Simple).unwrap()
}

fn run(program: &Program) -> Result<Value, EvalError> {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
    program.evaluate(&scope(), &mut context)
}

/// Compiles and evaluates; whatever comes of it must be showable.
fn try_source(source: &str) {
    match compile(source, &Library::metron()) {
        Ok(program) => {
            let _ = run(&program).map(|value| value.to_json());
            for warning in program.warnings() {
                assert!(!warning.render(source).is_empty());
            }
        }
        Err(findings) => {
            assert!(!findings.is_empty());
            for finding in findings {
                assert!(
                    finding.span.start <= finding.span.end,
                    "{source:?} {finding:?}"
                );
                assert!(!finding.render(source).is_empty());
            }
        }
    }
}

const PIECES: &[&str] = &[
    "a",
    "b",
    "s",
    "t",
    "l",
    "m",
    "n",
    "u",
    "ip",
    "d",
    "e",
    "_",
    "missing",
    "x",
    "->",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    " ? ",
    "+",
    "-",
    "*",
    "/",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    " and ",
    " or ",
    "not(",
    " in ",
    " not in ",
    " if ",
    " then ",
    " else ",
    " match{ ",
    " => ",
    " default ",
    "exists(",
    "null",
    "true",
    "false",
    "NaN",
    "1",
    "0",
    "-1",
    "2.5",
    "1L",
    "1.5f",
    "2147483647",
    "9223372036854775807L",
    "'x'",
    "''",
    "'%s'",
    "'%5.2f'",
    "'a.b'",
    "'yyyy-MM-dd'",
    "'10.0.0.0/8'",
    "'(a|b)+'",
    "'http://h/'",
    "x -> x",
    "(x, y) -> x + y",
    "// c\n",
];

/// A call of a random function with random arguments.
fn call() -> impl Strategy<Value = String> {
    let argument = prop::sample::select(vec![
        "a",
        "b",
        "s",
        "t",
        "l",
        "m",
        "n",
        "u",
        "ip",
        "d",
        "e",
        "_",
        "null",
        "1",
        "-1",
        "2.5",
        "1L",
        "'x'",
        "''",
        "'é😀'",
        "'%s %d'",
        "'yyyy-MM-dd'",
        "'10.0.0.0/8'",
        "'(.*)=(.*)'",
        "[1, 2, 3]",
        "['a', null]",
        "[]",
        "{}",
        "{'a' : 1}",
        "x -> x",
        "(x, y) -> y",
        "NaN",
        "1.0 / 0",
        "2147483647",
        "-9223372036854775808L",
        "SET_INIT([1])",
        "STATS_ADD(null, 1, 2)",
        "HLLP_INIT()",
        "BLOOM_INIT(10, 0.1)",
        "SAMPLE_INIT(2)",
        "'HEX'",
        "'MD5'",
        "'TLSH'",
        "TO_JSON_OBJECT('123456789012345678901234567890')",
        "MAP('e', c -> c)",
        "1e300",
        "0.0f",
        "true",
    ]);
    let names = prop::sample::select(Library::metron().names());
    (names, prop::collection::vec(argument, 0..5))
        .prop_map(|(name, arguments)| format!("{name}({})", arguments.join(", ")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn token_soup_is_survived(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..25)) {
        try_source(&pieces.concat());
        try_source(&pieces.join(" "));
    }

    #[test]
    fn random_text_is_survived(text in "\\PC{0,60}") {
        try_source(&text);
    }

    #[test]
    fn random_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        try_source(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn functions_survive_any_arguments(calls in prop::collection::vec(call(), 1..4)) {
        for call in &calls {
            try_source(call);
        }
        try_source(&calls.join(" == "));
    }

    #[test]
    fn functions_survive_any_text(name in prop::sample::select(Library::metron().names()), text in "\\PC{0,40}") {
        let library = Library::metron();
        let mut scope = Event::new();
        scope.set("v", text.as_str());
        for arguments in ["v", "v, v", "v, v, v", "'a', v", "'a', v, v", "[v], v", "v, 1", "v, 'x', 2"] {
            let Ok(program) = compile(&format!("{name}({arguments})"), &library) else { continue };
            let mut remote = NoRemote;
            let mut context = Context::new(&Value::Null, 0, &mut remote);
            let _ = program.evaluate(&scope, &mut context);
        }
    }
}

/// Half of the stack that a thread usually has must be enough, even without optimization.
#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    thread.spawn(nest_deeply).unwrap().join().unwrap();
}

fn nest_deeply() {
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("not(", "true", ")"),
        ("TO_STRING(", "1", ")"),
        ("{'a' : ", "1", "}"),
        ("(1 + ", "1", ")"),
        ("x -> ", "1", ""),
        ("1 in ", "1", ""),
        ("true ? ", "1", " : 2"),
        ("(if true then ", "1", " else 2)"),
        ("match{ true => ", "1", ", default => 2 }"),
        ("{", "1", " : 2}"),
        ("(1 * 2 / 3 + 1 == ABS(", "1", "))"),
    ] {
        let nested =
            |depth: usize| format!("{}{middle}{}", open.repeat(depth), close.repeat(depth));
        let refused = compile(&nested(100_000), &Library::metron()).unwrap_err();
        assert_eq!(refused[0].code, "S007", "{open}");
        let deepest = (1..=200)
            .rev()
            .find_map(|depth| compile(&nested(depth), &Library::metron()).ok());
        let deepest = deepest.expect("some depth must be allowed");
        let _ = run(&deepest);
    }
}

#[test]
fn long_chains_are_not_deep() {
    for (first, next) in [
        ("1", " + 1"),
        ("1", " * 1"),
        ("true", " and true"),
        ("false", " or false"),
        ("1", " == 1"),
        ("a == 1 ? 1", " : a == 1 ? 1"),
    ] {
        let source = format!("{first}{}", next.repeat(5_000));
        let source = if next.contains('?') {
            format!("{source} : 2")
        } else {
            source
        };
        let program = compile(&source, &Library::metron()).unwrap();
        run(&program).unwrap();
    }
    let source = format!("{} 0", "if a == 1 then 1 else ".repeat(5_000));
    run(&compile(&source, &Library::metron()).unwrap()).unwrap();
    let long = format!("'{}'", "x".repeat(2 << 20));
    assert_eq!(
        compile(&long, &Library::metron()).unwrap_err()[0].code,
        "S007"
    );
}

#[test]
fn results_do_not_grow_without_bound() {
    for source in [
        "FILL_LEFT('a', 'b', 2000000000)",
        "FORMAT('%2000000000d', 1)",
        "FORMAT(s, 1)",
        "FORMAT('%.2000000000f', 1.0)",
        "REDUCE(ZIP(big, big), (s, x) -> JOIN([s, s], ''), 'ab')",
        "REDUCE(big, (s, x) -> [s], [])",
        "MAP(big, x -> MAP(big, y -> MAP(big, z -> z)))",
        "DOMAIN_TYPOSQUAT(FILL_LEFT('a', 'b', 100000))",
        "MAP(big, x -> MAP(big, y -> y in big))",
        "MAP(big, x -> JOIN(MAP(big, y -> 'abc'), ''))",
        "SET_INIT(MAP(huge, x -> x + 1.5))",
        "BLOOM_INIT(1e18, 0.000001)",
    ] {
        let program = compile(source, &Library::metron())
            .map(Some)
            .unwrap_or_default();
        let Some(program) = program else { continue };
        let mut scope = Event::new();
        scope.set("s", "%1000000000s");
        scope.set("big", Value::list(vec![Value::Int(1); 2_000]));
        scope.set("huge", Value::list((0..30_000).map(Value::Int).collect()));
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        assert!(program.evaluate(&scope, &mut context).is_err(), "{source}");
    }
}

#[test]
fn a_long_list_is_gathered_without_copying_it_each_time() {
    let mut scope = Event::new();
    scope.set("huge", Value::list((0..200_000).map(Value::Int).collect()));
    for (source, expected) in [
        (
            "LENGTH(REDUCE(huge, (all, x) -> LIST_ADD(all, x + 1), []))",
            200_000,
        ),
        (
            "REDUCE(huge, (all, x) -> if exists(all) then all + 1 else 0, 0)",
            200_000,
        ),
        ("LENGTH(MAP(huge, x -> MAP([1], y -> x)))", 200_000),
    ] {
        let program = compile(source, &Library::metron()).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        assert_eq!(
            program.evaluate(&scope, &mut context),
            Ok(Value::Int(expected)),
            "{source}"
        );
    }
}

#[test]
fn an_evaluation_has_a_budget_of_time() {
    let mut scope = Event::new();
    scope.set("list", Value::list(vec![Value::Int(1); 400]));
    scope.set("text", "x".repeat(1 << 20));
    let in_lambdas = "LENGTH(MAP(list, x -> MAP(list, y -> y)))".to_owned();
    let one_by_one = format!("{}text{}", "TO_UPPER(".repeat(60), ")".repeat(60));
    for source in [in_lambdas, one_by_one] {
        let program = compile(&source, &Library::metron()).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        assert!(program.evaluate(&scope, &mut context).is_ok(), "{source}");

        let mut context = context.with_budget(Duration::from_micros(100));
        let outcome = program.evaluate(&scope, &mut context);
        assert!(
            outcome.unwrap_err().to_string().contains("budget of 0 ms"),
            "{source}"
        );

        let set = |value: Value| {
            let mut global = Map::new();
            global.insert_str("stellar.evaluation.time.limit.ms", value);
            Value::map(global)
        };
        for value in [Value::Int(1), Value::str("1")] {
            let global = set(value);
            let mut remote = NoRemote;
            let mut context = Context::new(&global, 0, &mut remote);
            let error = program.evaluate(&scope, &mut context).unwrap_err();
            assert!(error.to_string().contains("its budget of 1 ms"), "{source}");
        }
        for value in [Value::Int(-1), Value::str("soon"), Value::Null] {
            let global = set(value);
            let mut remote = NoRemote;
            let mut context = Context::new(&global, 0, &mut remote);
            assert!(program.evaluate(&scope, &mut context).is_ok(), "{source}");
        }
    }
}

#[test]
fn a_blank_condition_always_holds_and_null_does_not() {
    let library = Library::metron();
    let verdict = |source: &str| {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        compile_predicate(source, &library)
            .unwrap()
            .evaluate_predicate(&scope(), &mut context)
    };
    assert_eq!(verdict("  \n"), Ok(true));
    assert_eq!(verdict("missing"), Ok(false));
    assert_eq!(verdict("t"), Ok(true));
    assert!(verdict("s").is_err());
    assert!(compile(" ", &library).is_err());
}

#[test]
fn programs_are_shared_by_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    let program = compile(
        "REGEXP_MATCH(u, '.*') and IN_SUBNET(ip, '192.168.0.0/16')",
        &Library::metron(),
    )
    .unwrap();
    shared(&program);
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let program = program.clone();
            std::thread::spawn(move || run(&program))
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), Ok(Value::Bool(true)));
    }
}

#[test]
fn facts_about_a_program_are_known_before_it_runs() {
    let library = Library::metron();
    let program = compile("MAP(l, x -> x + a) == _ and exists(z) and x == 1", &library).unwrap();
    assert_eq!(program.variables(), ["l", "a", "_", "z", "x"]);
    assert!(!program.has_remote_calls() && program.is_deterministic());
    let program = compile(
        "MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host' : a})",
        &library,
    )
    .unwrap();
    assert!(program.has_remote_calls() && !program.is_deterministic());
    assert!(!compile("YEAR()", &library).unwrap().is_deterministic());
    assert!(compile("YEAR(a)", &library).unwrap().is_deterministic());
    assert_eq!(
        compile("a == 1 // c", &library).unwrap().source(),
        "a == 1 // c"
    );
}

/// Answers the second time it is asked.
#[derive(Default)]
struct Slow {
    asked: Vec<(&'static str, Vec<Value>)>,
}

impl RemoteCalls for Slow {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        let call = (function, arguments.to_vec());
        if self.asked.contains(&call) {
            return RemoteOutcome::Ready(Value::str("answer"));
        }
        if arguments == [Value::str("unheard-of")] {
            return RemoteOutcome::Failed("no such model".to_owned());
        }
        self.asked.push(call);
        RemoteOutcome::Pending
    }
}

#[test]
fn a_pending_call_is_asked_again() {
    let library = Library::metron();
    let program = compile("JOIN([MAAS_GET_ENDPOINT('k'), s], '-')", &library).unwrap();
    assert!(program.has_remote_calls());
    let mut slow = Slow::default();
    let scope = scope();
    let layers = [&scope as &dyn Scope];
    let mut context = Context::new(&Value::Null, 0, &mut slow);
    let first = program.evaluate(&Layers(&layers), &mut context);
    assert!(first.unwrap_err().is_pending());
    let second = program.evaluate(&Layers(&layers), &mut context);
    assert_eq!(second, Ok(Value::str("answer-12")));
    let failing = compile("MAAS_GET_ENDPOINT('unheard-of')", &library).unwrap();
    match failing.evaluate(&scope, &mut context) {
        Err(EvalError::Failed { message, span }) => {
            assert!(message.contains("no such model"));
            assert_eq!(span, Some(0..31));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn values_that_share_their_members_cannot_grow_without_bound() {
    let members = format!("[{}]", vec!["1"; 300].join(","));
    for step in [
        "[all, all]",
        "{'a': all, 'b': all}",
        "LIST_ADD(all, all)",
        "MAP_PUT(x, all, MAP_PUT('y', all, {}))",
        "ZIP(all, all)",
        "MAP([1, 2], y -> all)",
        "SET_ADD(SET_INIT([all]), [all, all])",
        "[all]",
    ] {
        let source = format!("REDUCE({members}, (all, x) -> {step}, [1])");
        let program = compile(&source, &Library::metron()).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        let error = program.evaluate(&Event::new(), &mut context).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("holds more than") || text.contains("nests deeper"),
            "{step}: {text}"
        );
    }
    // So do several expressions that feed each other.
    let twice = compile("[a, a]", &Library::metron()).unwrap();
    let mut event = Event::new();
    event.set("a", Value::list(vec![Value::Int(1)]));
    let stops = (0..100).any(|_| {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        match twice.evaluate(&event, &mut context) {
            Ok(value) => event.set("a", value).is_none(),
            Err(_) => true,
        }
    });
    assert!(stops);
}

#[test]
fn lambdas_that_nest_deep_together_are_stopped_before_the_stack_is() {
    let deep = |inner: &str| format!("{}{inner}{}", "TO_STRING(".repeat(80), ")".repeat(80));
    let source = format!("MAP([g -> {}], h -> MAP([h], h))", deep("MAP([g], g)"));
    let program = compile(&source, &Library::metron()).unwrap();
    let evaluated = std::thread::spawn(move || {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        program.evaluate(&Event::new(), &mut context)
    });
    let error = evaluated.join().unwrap().unwrap_err().to_string();
    assert!(error.contains("deeper than"), "{error}");
}

#[test]
fn constants_that_a_function_refuses_are_told_of() {
    let warned = |source: &str| {
        let program = compile(source, &Library::metron()).unwrap();
        let told = program.warnings().first().cloned();
        told.map(|told| (told.code, told.span))
    };
    assert_eq!(warned("SUBSTRING('abc', 1, 99)"), Some(("S204", 0..23)));
    assert_eq!(
        warned("IS_EMPTY(FORMAT('%d', 'a'))").map(|told| told.1),
        Some(9..26)
    );
    assert!(warned("SUBSTRING('budget', 1, 99)").is_some());
    assert_eq!(warned("SUBSTRING('abc', 1, 2)"), None);
    assert_eq!(warned("DATE_FORMAT('HH', timestamp, 'UTC') < '06'"), None);
    let refused = compile("HASH(url, 'sha256')", &Library::metron()).unwrap_err();
    assert!(refused[0].message.contains("SHA-256"), "{:?}", refused[0]);
}

/// Answers with its arguments.
struct Mirror;

impl RemoteCalls for Mirror {
    fn call(&mut self, _function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        RemoteOutcome::Ready(Value::list(arguments.to_vec()))
    }
}

#[test]
fn the_settings_of_a_request_come_in_layers() {
    let global = br#"{"stellar.rest.settings": {"timeout": 1, "socket.timeout": 1}, "stellar.rest.get.settings": {"timeout": 2}}"#;
    let global = alidade_event::read_value(global, NumberStyle::Jackson).unwrap();
    let mut mirror = Mirror;
    let mut context = Context::new(&global, 0, &mut mirror);
    let mut asked = |source: &str| {
        let program = compile(source, &Library::metron()).unwrap();
        program
            .evaluate(&Event::new(), &mut context)
            .unwrap()
            .to_json()
    };
    assert_eq!(
        asked("REST_GET('u')"),
        r#"["u",{"timeout":2,"socket.timeout":1}]"#
    );
    assert_eq!(
        asked("REST_GET('u', {'socket.timeout': 3}, {'q': 'x'})"),
        r#"["u",{"timeout":2,"socket.timeout":3},{"q":"x"}]"#
    );
    assert_eq!(
        asked("REST_POST('u', 'd')"),
        r#"["u","d",{"timeout":1,"socket.timeout":1}]"#
    );
}

/// Finds among the numbers up to `count` those for which the condition holds.
struct Numbers;

impl HostFunction for Numbers {
    fn call(&self, call: &mut dyn HostCall) -> Result<Value, EvalError> {
        let Value::Int(count) = *call.argument(2) else {
            return Err(EvalError::failed("how many?"));
        };
        let condition = call.argument(1).clone();
        let mut found = Vec::new();
        for number in 1..=count {
            let verdict = call.invoke(&condition, vec![Value::Int(number)])?;
            if verdict == Value::Bool(true) {
                found.push(Value::Int(number));
            }
        }
        Ok(Value::list(found))
    }
}

#[test]
fn a_function_without_a_body_is_refused_until_the_host_gives_it_one() {
    let source = "KAFKA_FIND('topic', number -> number > 1, 3)";
    let refused = compile(source, &Library::metron()).unwrap_err();
    assert_eq!(refused[0].code, "S104");
    assert!(!Library::metron().names().contains(&"KAFKA_FIND"));

    let library = Library::metron().with_host_function("KAFKA_FIND", Arc::new(Numbers));
    assert!(library.names().contains(&"KAFKA_FIND"));
    let program = compile(source, &library).unwrap();
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 0, &mut remote);
    let found = program.evaluate(&Event::new(), &mut context).unwrap();
    assert_eq!(found.to_json(), "[2,3]");
    let program = compile("KAFKA_FIND('topic', number -> true)", &library).unwrap();
    let error = program.evaluate(&Event::new(), &mut context).unwrap_err();
    assert_eq!(error.to_string(), "KAFKA_FIND: how many?");
}

/// A lambda may come in a variable, from an expression of its own; it then still means what it meant there.
#[test]
fn a_lambda_of_another_expression_keeps_its_variables() {
    let library = Library::metron();
    let value = |source: &str, scope: &Event| {
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        let program = compile(source, &library).unwrap();
        program.evaluate(scope, &mut context)
    };
    let mut scope = Event::new();
    scope.set("a", 1);
    scope.set("b", 100);
    scope.set("s", "text");
    let adder = value("x -> x + a", &scope).unwrap();
    scope.set("adder", adder);
    assert_eq!(
        value("b + REDUCE([10], adder, 5)", &scope),
        value("b + REDUCE([10], x -> x + a, 5)", &scope)
    );
    // The failure is at a place of the expression that calls.
    let broken = value("// long enough to point nowhere else\nx -> x + s", &scope).unwrap();
    scope.set("broken", broken);
    match value("MAP([1], broken)", &scope) {
        Err(EvalError::Failed { span, .. }) => assert_eq!(span, Some(0..16)),
        other => panic!("{other:?}"),
    }
}
