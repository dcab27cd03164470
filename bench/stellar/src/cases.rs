//! What is measured.

use alidade_event::{Event, FieldName, Map, Value};
use alidade_stellar::{
    Context, Layers, Library, Program, RemoteCalls, RemoteOutcome, Scope, compile,
};

use crate::message::{squid, with_lists};

/// The rule of the specification of speed: three conditions on one message.
const RULE: &str = r"exists(ip) and not(IN_SUBNET(ip, '10.0.0.0/8', '192.168.0.0/16')) and REGEXP_MATCH(url, '.*\\.exe$')";

const TEN_ARMS: &str = "match { code == 200 => 'ok', code == 201 => 'created', code == 204 => 'empty', code == 206 => 'partial', \
    code == 304 => 'same', code == 400 => 'bad', code == 401 => 'who', code == 403 => 'no', code == 404 => 'none', \
    code == 301 => 'moved', default => 'other' }";

pub trait Case {
    fn name(&self) -> &str;
    /// One evaluation.
    fn evaluate(&mut self) -> Result<Value, String>;
}

pub fn all() -> Result<Vec<Box<dyn Case>>, String> {
    let mut cases: Vec<Box<dyn Case>> = vec![
        Box::new(Statements::new("URL_TO_HOST, DOMAIN_REMOVE_SUBDOMAINS", 2)?),
        Box::new(Statements::new("the walk-through's four", 4)?),
    ];
    for (name, source, event) in [
        ("the boolean rule", RULE, squid()),
        ("a variable", "guid", squid()),
        ("two comparisons", "code == 301 and bytes > 100", squid()),
        (
            "in a list of 5",
            "method in ['POST', 'PUT', 'DELETE', 'HEAD', 'GET']",
            squid(),
        ),
        ("URL_TO_HOST", "URL_TO_HOST(url)", squid()),
        ("REGEXP_MATCH", r"REGEXP_MATCH(url, '.*\\.exe$')", squid()),
        (
            "IN_SUBNET",
            "IN_SUBNET(ip, '10.0.0.0/8', '192.168.0.0/16')",
            squid(),
        ),
        ("match with ten arms", TEN_ARMS, squid()),
        ("MAP over 100", "MAP(hundred, x -> x * 2)", with_lists()),
        (
            "FILTER over 100",
            "FILTER(hundred, x -> x > 49)",
            with_lists(),
        ),
        (
            "REDUCE over 100",
            "REDUCE(hundred, (sum, x) -> sum + x, 0)",
            with_lists(),
        ),
        (
            "MAP, FILTER, REDUCE over 100",
            "REDUCE(FILTER(MAP(hundred, x -> x * 2), x -> x > 99), (sum, x) -> sum + x, 0)",
            with_lists(),
        ),
        (
            "STATS_ADD of 1,000 values",
            "STATS_ADD(null, thousand)",
            with_lists(),
        ),
        (
            "arithmetic of constants",
            "bytes > 10 * 1024 * (1 + 1) - TO_INTEGER('1000')",
            squid(),
        ),
    ] {
        cases.push(Box::new(Single::new(name, source, event)?));
    }
    Ok(cases)
}

fn compiled(source: &str) -> Result<Program, String> {
    compile(source, &Library::metron())
        .map_err(|findings| findings.iter().map(|it| it.render(source)).collect())
}

/// One expression over one message.
struct Single {
    name: &'static str,
    program: Program,
    event: Event,
}

impl Single {
    fn new(name: &'static str, source: &str, event: Event) -> Result<Self, String> {
        let program = compiled(source)?;
        Ok(Single {
            name,
            program,
            event,
        })
    }
}

impl Case for Single {
    fn name(&self) -> &str {
        self.name
    }

    fn evaluate(&mut self) -> Result<Value, String> {
        let mut models = Models;
        let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut models);
        self.program
            .evaluate(&self.event, &mut context)
            .map_err(|error| error.to_string())
    }
}

/// The transformations of the walk-through, each over the message and what came before it.
struct Statements {
    name: &'static str,
    statements: Vec<(FieldName, Program)>,
    event: Event,
    results: Event,
    models: Answers,
}

impl Statements {
    fn new(name: &'static str, count: usize) -> Result<Self, String> {
        let sources = [
            ("full_hostname", "URL_TO_HOST(url)"),
            (
                "domain_without_subdomains",
                "DOMAIN_REMOVE_SUBDOMAINS(full_hostname)",
            ),
            (
                "is_malicious",
                "MAP_GET('is_malicious', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host' : domain_without_subdomains}))",
            ),
            (
                "is_alert",
                "if is_malicious == 'malicious' then 'true' else null",
            ),
        ];
        let mut statements = Vec::new();
        for (field, source) in sources.into_iter().take(count) {
            statements.push((FieldName::from(field), compiled(source)?));
        }
        Ok(Statements {
            name,
            statements,
            event: squid(),
            results: Event::new(),
            models: Answers::default(),
        })
    }
}

impl Case for Statements {
    fn name(&self) -> &str {
        self.name
    }

    fn evaluate(&mut self) -> Result<Value, String> {
        self.results.clear();
        let mut last = Value::Null;
        for (field, program) in &self.statements {
            let layers = [&self.results as &dyn Scope, &self.event];
            let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut self.models);
            last = program
                .evaluate(&Layers(&layers), &mut context)
                .map_err(|error| error.to_string())?;
            self.results.set(field.clone(), last.clone());
        }
        Ok(last)
    }
}

/// No model.
struct Models;

impl RemoteCalls for Models {
    fn call(&mut self, _function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
        RemoteOutcome::Ready(Value::Null)
    }
}

/// A model whose answers are there at once.
struct Answers {
    endpoint: Value,
    answer: Value,
}

impl Default for Answers {
    fn default() -> Self {
        let map = |entries: &[(&str, &str)]| {
            let entries = entries
                .iter()
                .map(|(key, value)| (Value::str(key), Value::str(value)));
            Value::map(entries.collect::<Map>())
        };
        Answers {
            endpoint: map(&[
                ("name", "dga"),
                ("version", "1.0"),
                ("url", "http://localhost:5000"),
            ]),
            answer: map(&[("is_malicious", "legit")]),
        }
    }
}

impl RemoteCalls for Answers {
    fn call(&mut self, function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
        let known = match function {
            "MAAS_GET_ENDPOINT" => &self.endpoint,
            _ => &self.answer,
        };
        RemoteOutcome::Ready(known.clone())
    }
}
