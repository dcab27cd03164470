use alidade_event::{Event, NumberStyle};
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::parser::parse;
use crate::program::compile_unchecked;
use crate::{Context, EvalError, NoRemote, Program};

fn run(program: &Program, scope: &Event) -> Result<Value, EvalError> {
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
    program.evaluate(scope, &mut context)
}

fn codes(source: &str, purpose: Purpose) -> Vec<&'static str> {
    let tree = parse(source).unwrap();
    let findings = check(&tree, source, &Library::metron(), purpose);
    findings.iter().map(|finding| finding.code).collect()
}

/// What the checker says about an expression holds when it is evaluated.
fn hold_to_account(source: &str, scope: &Event) {
    let library = Library::metron();
    let Some(program) = compile_unchecked(source, &library) else {
        return;
    };
    let Ok(tree) = parse(source) else {
        return;
    };
    let mut checker = Checker::new(source, &library);
    let facts = checker.facts(&tree);
    let found = run(&program, scope);
    if let (Some(constant), Ok(found)) = (&facts.constant, &found) {
        assert!(
            constant.same(found),
            "{source} gives {found:?}, not {constant:?}"
        );
    }
    if let Ok(found) = &found {
        let types = facts.types;
        assert!(
            Types::of(found).within(types),
            "{source} gives {found:?}, which is not {types}"
        );
    }
    for finding in &checker.findings {
        if finding.severity == Severity::Error {
            assert!(found.is_err(), "{source} gives {found:?}: {finding:?}");
        }
        let whole = finding.span == tree.span.range();
        match (&found, finding.label.as_str()) {
            (Ok(found), "always false" | "never holds") if whole => {
                assert_eq!(*found, Value::Bool(false), "{source}: {finding:?}");
            }
            (Ok(found), "always true" | "always holds") if whole => {
                assert_eq!(*found, Value::Bool(true), "{source}: {finding:?}");
            }
            _ => {}
        }
        assert!(
            !finding.label.is_empty() && finding.help.is_some(),
            "{finding:?}"
        );
    }
}

#[test]
fn upstreams_answers_are_of_the_kinds_that_are_expected() {
    for line in include_str!("../../tests/data/stellar.jsonl").lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let variables = case["input"]["vars"].to_string();
        let scope = Event::read_json(variables.as_bytes(), NumberStyle::Simple);
        let source = case["input"]["expr"].as_str().unwrap();
        hold_to_account(source, &scope.unwrap_or_default());
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
    "missing",
    "_",
    "(",
    ")",
    "(",
    ")",
    "[",
    "]",
    ",",
    " + ",
    " - ",
    " * ",
    " / ",
    " == ",
    " != ",
    " < ",
    " >= ",
    " and ",
    " or ",
    " in ",
    " not in ",
    "not(",
    " ? ",
    " : ",
    "if ",
    " then ",
    " else ",
    "true",
    "false",
    "null",
    "0",
    "1",
    "2.5",
    "5L",
    "NaN",
    "'x'",
    "'12'",
    "''",
    "[1, 2]",
    "['x']",
    "[]",
    "{}",
    "{'k' : 1}",
    "TO_UPPER(",
    "TO_INTEGER(",
    "LENGTH(",
    "GET(l, ",
    "SPLIT(",
    "JOIN(",
    "MAP(l, x -> ",
    "x",
    "MAX(",
    "STARTS_WITH(",
    "MAP_GET(",
    "ABS(",
    "IS_EMPTY(",
    "SUBSTRING(",
    "FORMAT('%s', ",
    "exists(a)",
];

const SHAPES: &[&str] = &[
    "A B C",
    "(A B C) D E",
    "A == B",
    "A < B",
    "A in B",
    "if A then B else C",
    "A and B or C",
    "A B C == D",
    "(A) + (B)",
    "TO_UPPER(A) == B",
    "TO_INTEGER(A) + B",
    "GET(A, B)",
    "LENGTH(A) < B",
    "A < B < C",
    "A == B == C",
    "A != B or A != C",
    "A == B and A == C",
    "STARTS_WITH(A, B)",
    "JOIN(A, B)",
    "MAP(A, x -> x + B)",
    "match{ A => B, default => C }",
    "SUBSTRING(A, B)",
    "MAX(A) > B",
    "TO_LOWER(A) in B",
    "not(A)",
    "A / B",
    "[A, B] == C",
    "MAP_GET(A, B, C)",
    "FORMAT(A, B)",
    "SPLIT(A, B)",
    "ABS(A) == B",
    "STATS_ADD(A, B)",
    "REGEXP_MATCH(A, B)",
    "TO_DOUBLE(A) < B",
    "SET_ADD(A, B)",
    "LIST_ADD(A, B)",
    "IN_SUBNET(A, B)",
    "URL_TO_PORT(A) == B",
    "A ? B : C",
    "FILTER(A, x -> x == B)",
];

const OPERANDS: &[&str] = &[
    "a",
    "b",
    "s",
    "t",
    "l",
    "m",
    "n",
    "u",
    "_",
    "true",
    "false",
    "null",
    "0",
    "1",
    "2.5",
    "5L",
    "NaN",
    "'x'",
    "'12'",
    "''",
    "[1, 2]",
    "['x']",
    "[]",
    "{}",
    "{'k' : 1}",
    "TO_UPPER(s)",
    "TO_INTEGER(s)",
    "SPLIT(s, 'x')",
    "LENGTH(l)",
    "SET_INIT(l)",
    "(1 == 2)",
    "(if t then 1 else null)",
    "STATS_INIT()",
    "x -> x",
    "(a + 1)",
    "(a == b)",
    "MAX(l)",
];

fn scope() -> Event {
    let text = r#"{"a":10,"b":-3.5,"s":"12","t":true,"l":[1,"x",null,[2]],"m":{"k":1},"n":null,
        "u":"http://www.example.co.uk:80/a?b"}"#;
    Event::read_json(text.as_bytes(), NumberStyle::Simple).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn random_pieces_are_of_the_kinds_that_are_expected(pieces in prop::collection::vec(select(PIECES), 1..12)) {
        hold_to_account(&pieces.concat(), &scope());
        hold_to_account(&pieces.concat(), &Event::new());
    }

    #[test]
    fn random_expressions_are_of_the_kinds_that_are_expected(
        shape in select(SHAPES),
        operands in prop::collection::vec(select(OPERANDS), 5),
        operators in prop::collection::vec(select(&["+", "-", "*", "/"][..]), 2),
    ) {
        let mut source = String::new();
        for (at, c) in shape.char_indices() {
            let alone = !shape[at + 1..].starts_with(|c: char| c.is_ascii_uppercase() || c == '_' || c == '(')
                && !shape[..at].ends_with(|c: char| c.is_ascii_uppercase() || c == '_');
            match c {
                'A'..='E' if alone => source.push_str(operands[usize::from(c as u8 - b'A')]),
                _ => source.push(c),
            }
        }
        let source = match shape.starts_with("A B C") || shape.starts_with("(A B C)") {
            true => shape
                .replace("A B C", &format!("{} {} {}", operands[0], operators[0], operands[2]))
                .replace("D E", &format!("{} {}", operators[1], operands[4]))
                .replace('D', operands[3]),
            false => source,
        };
        hold_to_account(&source, &scope());
        hold_to_account(&source, &Event::new());
    }

    #[test]
    fn random_calls_are_of_the_kinds_that_are_expected(
        name in select(Library::metron().names()),
        operands in prop::collection::vec(select(OPERANDS), 0..5),
    ) {
        let source = format!("{name}({})", operands.join(", "));
        hold_to_account(&source, &scope());
        hold_to_account(&source, &Event::new());
    }
}

#[test]
fn what_is_certain_is_an_error_and_what_is_not_a_warning() {
    for (source, expected) in [
        ("'x' < 1", "S107"),
        ("[('x' < 1)]", "S107"),
        ("('x' < 1) and a", "S107"),
        ("a and 'x' < 1", "S204"),
        ("if a then 'x' < 1 else 2", "S204"),
        ("MAP(a, x -> x and 'x' < 1)", "S204"),
        ("(if a then 1 else null) < 'x'", "S204"),
        ("1 / 0", "S107"),
        ("a / 0", "S204"),
        ("(a == 1) < 2", "S107"),
        ("(if a then 1 else 2) == 'x'", "S205"),
        ("if 'x' then 1 else 2", "S108"),
        ("if a then 1 else if 'x' then 1 else 2", "S204"),
        ("a < b < c", "S214"),
        ("0 < b < 10", "S107"),
        ("MAP(a, (x, y) -> x)", "S220"),
        ("match{ a => x -> x, default => 1 }", "S220"),
    ] {
        assert_eq!(codes(source, Purpose::Value), [expected], "{source}");
    }
}

#[test]
fn usual_expressions_are_not_told_of() {
    for source in [
        "is_alert and true",
        "exists(is_alert) && is_alert",
        "is_potential_typosquat != null && is_potential_typosquat",
        "IN_SUBNET( if IS_IP(ip_src_addr) then ip_src_addr else NULL, '192.168.0.0/21')",
        "not(IN_SUBNET(ip_dst_addr, '192.168.0.0/24', '10.0.0.0/8'))",
        "if geo.country in ['MX','CA'] then 10 else 200",
        "whois_info.home_country != 'US' and source.type == 'yaf'",
        "bytes > 1024 and (method == 'CONNECT' or 'evil' in url)",
        "duration > 0 and bytes / duration > 100",
        "if exists(duration) then bytes / duration else 0",
        "REGEXP_MATCH(url, '.*\\\\.ru/.*')",
        "REGEXP_MATCH(user, '^[a-z]+$')",
        "TO_INTEGER(status) in [200, 404]",
        "match{ score > 90 => 'high', score > 50 => 'medium', default => 'low' }",
        "MAP([1, 2], x -> x * 2)",
        "REDUCE([1, 2], (s, x) -> s + x, 0)",
        "TO_LOWER(method) == 'get' or TO_UPPER(method) in ['PUT', 'get']",
        "a == 1 == true",
        "x == null or x == ''",
        "LENGTH(host) > 60 or STRING_ENTROPY(host) >= 3.5",
        "TO_EPOCH_TIMESTAMP(time, 'yyyy-MM-dd HH:mm:ss', 'UTC')",
        "MAP_GET('is_malicious', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host' : host}))",
        "if is_malicious == 'malicious' then 'true' else null",
        "true",
        "false",
    ] {
        assert!(codes(source, Purpose::Value).is_empty(), "{source}");
    }
}

#[test]
fn conditions_must_be_able_to_hold() {
    for (source, expected) in [
        ("1", "S106"),
        ("'true'", "S106"),
        ("[]", "S106"),
        ("LENGTH(x) + 1", "S106"),
        ("if x then 'true' else 'false'", "S106"),
        ("null", "S210"),
        ("1 == 1", "S210"),
    ] {
        assert_eq!(codes(source, Purpose::Condition), [expected], "{source}");
    }
    for source in [
        "x",
        "true",
        "x == 1",
        "if x then true else null",
        "MAP_GET('a', m)",
    ] {
        assert!(codes(source, Purpose::Condition).is_empty(), "{source}");
    }
}

#[test]
fn long_sources_are_looked_at_in_time() {
    let sources = [
        "a == 'x' and ".repeat(20_000) + "true",
        "a / b + ".repeat(20_000) + "1",
        "if a == 1 then a / b else ".repeat(10_000) + "0",
        format!("[{}1]", "x -> 'x' < 1, ".repeat(20_000)),
        format!("{{{}1 : 2}}", "'k' : 5, ".repeat(20_000)),
        format!("[{}1]", "STARTS_WITH(5, 6), ".repeat(20_000)),
        "UNHEARD_OF() + ".repeat(20_000) + "1",
        format!("{}a{}", "(a and ".repeat(95), ")".repeat(95)),
        format!("(x -> [{}x])", "x, ".repeat(50_000)),
    ];
    for source in sources {
        let started = std::time::Instant::now();
        let library = Library::metron();
        let found = match crate::compile(&source, &library) {
            Ok(program) => program.warnings().len(),
            Err(errors) => errors.len(),
        };
        let shown: String = source.chars().take(40).collect();
        assert!(found <= 3 * MAX_FINDINGS, "{shown}: {found}");
        // Generous: it takes a fraction of a second without optimization.
        assert!(started.elapsed().as_secs() < 20, "{shown}");
    }
}
