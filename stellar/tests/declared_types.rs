//! What the functions declare of their arguments and values, held against what they do.
//!
//! Every function is called with values of every kind at every place, with the arguments of its examples and arbitrary ones
//! at the other places. An argument of a kind that is not declared must make every call fail, a declared kind must let one
//! succeed, null must do what is said of it, and the value must be of a declared kind.

use std::collections::BTreeSet;

use alidade_event::{Event, Map, Set, Value};
use alidade_stellar::{
    Availability, Context, FunctionSpec, Library, NoRemote, OnNull, Program, Types, compile,
};

const NOW_MS: i64 = 1_571_163_620_277;

/// Expressions whose values are the arguments.
const ARGUMENTS: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "1",
    "2",
    "5",
    "14",
    "25",
    "128",
    "-1",
    "2147483647",
    "0L",
    "6L",
    "1571163620277L",
    "-5L",
    "9223372036854775807L",
    "TO_JSON_OBJECT('123456789012345678901234567890')",
    "TO_JSON_OBJECT('7')",
    "0.0",
    "1.5",
    "-2.5",
    "14.0",
    "50.0",
    "1e300",
    "1e-300",
    "NaN",
    "1.0 / 0",
    "1.5f",
    "''",
    "' '",
    "'a'",
    "'abc'",
    "'5'",
    "'14'",
    "'1.5'",
    "'true'",
    "'no'",
    "'10.0.0.1'",
    "'10.0.0.0/8'",
    "'::1'",
    "'http://metron.io:80/x?y'",
    "'www.metron.io'",
    "'localhost'",
    "'a@metron.io'",
    "'yyyy-MM-dd'",
    "'2019-10-15'",
    "'UTC'",
    "'HEX'",
    "'BASE64'",
    "'6d65'",
    "'MD5'",
    "'TLSH'",
    "'en'",
    "'u4pruy'",
    "'%s'",
    "'%d'",
    "'(a)'",
    "'[0-9'",
    "'{\"a\": 1}'",
    "'[1]'",
    "'QUARTILE'",
    "'HAVERSINE'",
    "'IPV4'",
    "'b\\r\\n'",
    "[]",
    "[null]",
    "[1, 2]",
    "[0.25, 7]",
    "['a', 'b']",
    "['u4pruy', 's0']",
    "[[1], [2]]",
    "[{'a': 1}, {'b': 2}]",
    "['14']",
    "[true]",
    "[STATS_ADD(null, 1, 2)]",
    "[HLLP_INIT()]",
    "[BLOOM_INIT(10, 0.1)]",
    "[SAMPLE_ADD(null, 1)]",
    "[OUTLIER_MAD_STATE_MERGE([])]",
    "['(a)', null]",
    "MAP([1], x -> x)",
    "{}",
    "{'a': 1}",
    "{'a': 'x'}",
    "{'latitude': 1, 'longitude': 2}",
    "{'u4pruy': 1}",
    "{'charset': 'UTF-16'}",
    "SET_INIT()",
    "SET_INIT([1, 2])",
    "SET_INIT([0.25])",
    "'0.1'",
    "SET_INIT(['a'])",
    "SET_INIT(['14'])",
    "SET_INIT(['u4pruy'])",
    "SET_INIT([{'a': 1}])",
    "SET_INIT([[1]])",
    "SET_INIT([STATS_ADD(null, 1)])",
    "SET_INIT([HLLP_INIT()])",
    "SET_INIT([SAMPLE_ADD(null, 1)])",
    "x -> x",
    "(x, y) -> y",
    "() -> true",
    "STATS_ADD(null, 1, 2, 3)",
    "STATS_ADD(STATS_INIT(3), 1, 2, 3, 4)",
    "STATS_INIT()",
    "HLLP_INIT(5, 6)",
    "HLLP_ADD(null, 1)",
    "BLOOM_ADD(BLOOM_INIT(10, 0.1), 'a')",
    "SAMPLE_ADD(SAMPLE_INIT(2), [1, 2, 3])",
    "OUTLIER_MAD_STATE_MERGE([])",
    "GET_FIRST(MAP('5', c -> c))",
    "GET_FIRST(MAP('a', c -> c))",
    "GET_LAST(MAP('15', c -> c))",
];

/// Calls that no example shows.
const CALLS: &[&str] = &[
    "BLOOM_ADD(BLOOM_INIT(10, 0.1), 1)",
    "FILL_LEFT(null, null, null)",
    "FILL_RIGHT(null, null, null)",
    "HASH(JOIN(['The quick brown fox jumps over the lazy dog; ', '0123456789 abcdefghijklmnopqrstuvwxyz'], ''), 'TLSH', {'hashes': 8})",
    "MULTISET_ADD()",
    "MULTISET_MERGE()",
    "MULTISET_REMOVE()",
    "MULTISET_TO_SET()",
    "SET_ADD()",
    "SET_MERGE()",
    "SET_REMOVE()",
    "OUTLIER_MAD_ADD(OUTLIER_MAD_STATE_MERGE([]), 1)",
    "PROFILE_FIXED(1, 'HOURS', {})",
    "PROFILE_WINDOW('1 hour', 1571163620277L, {})",
    "PROFILE_WINDOW('1 hour', null)",
    "OUTLIER_MAD_STATE_MERGE([], OUTLIER_MAD_STATE_MERGE([]))",
    "SAMPLE_ADD(null, 1)",
    "STATS_ADD(null, 1)",
    "SYSTEM_ENV_GET('PATH')",
    "SYSTEM_PROPERTY_GET('file.separator')",
    "TO_EPOCH_TIMESTAMP(null, 'yyyy')",
    "BLOOM_INIT(10, 0.1)",
    "BLOOM_EXISTS(BLOOM_INIT(10, 0.1), 1)",
    "HLLP_ADD(null, 1)",
    "REST_GET('http://metron.io', {}, {})",
    "REST_POST('http://metron.io', {}, {}, {})",
];

const KINDS: &[Types] = &[
    Types::NULL,
    Types::BOOLEAN,
    Types::INTEGER,
    Types::DECIMAL,
    Types::TEXT,
    Types::LIST,
    Types::MAP,
    Types::SET,
    Types::LAMBDA,
    Types::OBJECT,
];

fn value_of(source: &str, library: &Library) -> Value {
    let program = compile(source, library).unwrap_or_else(|e| panic!("{}", e[0].render(source)));
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
    program.evaluate(&Event::new(), &mut context).unwrap()
}

/// One function, compiled for each number of arguments that it takes.
struct Callee<'l> {
    spec: FunctionSpec,
    library: &'l Library,
    programs: Vec<Option<Program>>,
}

impl<'l> Callee<'l> {
    fn new(spec: FunctionSpec, library: &'l Library) -> Self {
        Callee {
            spec,
            library,
            programs: Vec::new(),
        }
    }

    /// The outcome of a call; nothing when there is no call with so many arguments.
    fn call(&mut self, arguments: &[Value]) -> Option<Result<Value, String>> {
        while self.programs.len() <= arguments.len() {
            let count = self.programs.len();
            let names: Vec<String> = (0..count).map(|at| format!("a{at}")).collect();
            let source = format!("{}({})", self.spec.name, names.join(", "));
            self.programs.push(compile(&source, self.library).ok());
        }
        let program = self.programs[arguments.len()].clone()?;
        let mut scope = Event::new();
        for (at, argument) in arguments.iter().enumerate() {
            scope.set(format!("a{at}").as_str(), argument.clone());
        }
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
        Some(
            program
                .evaluate(&scope, &mut context)
                .map_err(|e| e.to_string()),
        )
    }

    /// The arguments of the examples that are nothing but one call.
    fn examples(&self) -> Vec<Vec<Value>> {
        let mut found = Vec::new();
        let examples = self.spec.examples.iter().map(|(source, _)| source);
        for source in examples.chain(CALLS) {
            let inner = source
                .strip_prefix(self.spec.name)
                .and_then(|rest| rest.strip_prefix('('))
                .and_then(|rest| rest.strip_suffix(')'));
            let Some(inner) = inner else { continue };
            let listed = format!("[{inner}]");
            if compile(&listed, self.library).is_err() {
                continue;
            }
            if let Value::List(arguments) = value_of(&listed, self.library) {
                found.push(arguments.to_vec());
            }
        }
        found
    }

    fn parameter(&self, at: usize) -> Option<&'static alidade_stellar::Parameter> {
        match self.spec.parameters.get(at) {
            Some(parameter) => Some(parameter),
            None => self.spec.parameters.last().filter(|last| last.repeated),
        }
    }
}

/// A generator of numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn shown(arguments: &[Value]) -> String {
    let arguments: Vec<String> = arguments.iter().map(Value::to_json).collect();
    arguments.join(", ")
}

/// Equal, or equal as far as can be told of objects.
fn alike(left: &Value, right: &Value) -> bool {
    format!("{left:?}") == format!("{right:?}")
}

fn is_what_null_gives(value: &Value, expected: &str) -> bool {
    match value {
        Value::Double(number) if number.is_nan() => expected == "NaN",
        other => other.to_json() == expected,
    }
}

/// What has been found out about one function.
struct Findings {
    wrong: BTreeSet<String>,
    /// The kinds with which a call has succeeded, parameter by parameter.
    accepted: Vec<Types>,
    given: Types,
}

impl Findings {
    /// Calls with some arguments and holds what comes out against what is declared.
    fn try_call(&mut self, callee: &mut Callee<'_>, arguments: &[Value]) {
        let Some(Ok(result)) = callee.call(arguments) else {
            return;
        };
        let spec = callee.spec;
        self.given = self.given.or(Types::of(&result));
        if !Types::of(&result).within(spec.result) {
            let call = format!("{}({})", spec.name, shown(arguments));
            self.wrong.insert(format!(
                "{call} gives {}, declared is {}",
                result.to_json(),
                spec.result
            ));
        }
        for (at, argument) in arguments.iter().enumerate() {
            let Some(parameter) = callee.parameter(at) else {
                continue;
            };
            let kind = Types::of(argument);
            let accepted = &mut self.accepted[at.min(spec.parameters.len() - 1)];
            *accepted = accepted.or(kind);
            if !kind.within(parameter.accepts) {
                let call = format!("{}({})", spec.name, shown(arguments));
                let (name, accepts) = (parameter.name, parameter.accepts);
                self.wrong.insert(format!(
                    "{call} succeeds, but {name} is declared to take {accepts} only"
                ));
            }
            if kind == Types::NULL {
                self.check_null(callee, parameter.null, arguments, at, &result);
            }
        }
    }

    fn check_null(
        &mut self,
        callee: &mut Callee<'_>,
        null: OnNull,
        arguments: &[Value],
        at: usize,
        result: &Value,
    ) {
        let call = format!("{}({})", callee.spec.name, shown(arguments));
        match null {
            OnNull::Gives(expected) if !is_what_null_gives(result, expected) => {
                self.wrong
                    .insert(format!("{call} gives {}, not {expected}", result.to_json()));
            }
            OnNull::Absent if at + 1 == arguments.len() => {
                let without = callee.call(&arguments[..at]);
                if without
                    .is_some_and(|without| !without.is_ok_and(|without| alike(&without, result)))
                {
                    self.wrong
                        .insert(format!("{call}: null is not as if left out"));
                }
            }
            _ => {}
        }
    }

    /// What is declared, but has never been seen.
    fn check_all_was_seen(&mut self, spec: &FunctionSpec) {
        for (parameter, seen) in spec.parameters.iter().zip(&self.accepted) {
            for kind in KINDS.iter().filter(|kind| kind.within(parameter.accepts)) {
                if !kind.within(*seen) {
                    self.wrong.insert(format!(
                        "{}: {kind} never succeeds as {}",
                        spec.name, parameter.name
                    ));
                }
            }
        }
        // What comes out of a lambda, a list or a service may be anything.
        if spec.result == Types::ANY || spec.remote {
            return;
        }
        for kind in KINDS.iter().filter(|kind| kind.within(spec.result)) {
            if !kind.within(self.given) {
                self.wrong
                    .insert(format!("{} never gives {kind}", spec.name));
            }
        }
    }
}

fn check(callee: &mut Callee<'_>, pool: &[Value]) -> BTreeSet<String> {
    let spec = callee.spec;
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15 ^ spec.name.len() as u64);
    let mut findings = Findings {
        wrong: BTreeSet::new(),
        accepted: vec![Types::NONE; spec.parameters.len()],
        given: Types::NONE,
    };
    let mut tuples: Vec<Vec<Value>> = callee.examples();
    for _ in 0..40 {
        let most = spec.parameters.len() + usize::from(spec.parameters.iter().any(|p| p.repeated));
        let count = numbers.below(most + 1);
        tuples.push(
            (0..count)
                .map(|_| pool[numbers.below(pool.len())].clone())
                .collect(),
        );
    }
    for tuple in &tuples {
        findings.try_call(callee, tuple);
        for place in 0..spec.parameters.len() {
            let mut arguments = tuple.clone();
            while arguments.len() <= place {
                arguments.push(pool[numbers.below(pool.len())].clone());
            }
            for value in pool {
                arguments[place] = value.clone();
                findings.try_call(callee, &arguments);
            }
        }
    }
    findings.check_all_was_seen(&spec);
    findings.wrong
}

#[test]
fn functions_do_what_they_declare() {
    let library = Library::metron();
    let pool: Vec<Value> = ARGUMENTS
        .iter()
        .map(|source| value_of(source, &library))
        .collect();
    let mut wrong = BTreeSet::new();
    for spec in library.specs() {
        if spec.availability == Availability::Everywhere {
            wrong.extend(check(&mut Callee::new(spec, &library), &pool));
        }
    }
    let shown: Vec<&str> = wrong.iter().map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        shown.join("\n")
    );
}

#[test]
fn there_are_arguments_of_every_kind() {
    let library = Library::metron();
    let mut seen = Types::NONE;
    for source in ARGUMENTS {
        seen = seen.or(Types::of(&value_of(source, &library)));
    }
    assert_eq!(seen, Types::ANY);
    // Values that cannot be written down are values too.
    assert!(
        Types::of(&Value::map(Map::new())).within(seen)
            && Types::of(&Value::set(Set::new())).within(seen)
    );
}
