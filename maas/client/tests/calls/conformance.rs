//! Upstream's answers, with a model server and a registry of our own. The mends are listed, each with its reason.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use alidade_event::{Event, NumberStyle, Value};
use alidade_maas_client::{CallerOptions, ModelCalls};
use alidade_maas_core::Endpoint;
use alidade_stellar::{Context, Library, compile};
use serde_json::{Value as Json, json};

use crate::support::Bench;

/// The URL that the cases speak of.
const NAMED_URL: &str = "http://maas:1";

/// What we answer differently, and why.
fn mended(id: &str) -> Option<Json> {
    let one = |result: Json, requests: Json| Some(json!({"result": result, "requests": requests}));
    match id {
        // The newest version is the greatest number, not the greatest text.
        "maas-007" => one(
            json!({"endpoint:apply": "apply", "name": "multi", "url": format!("{NAMED_URL}/v10"), "version": "10.0"}),
            json!([]),
        ),
        // A function that is named is called, as the documentation says; upstream calls `apply` instead.
        "maas-022" => one(json!({"query": "a="}), json!(["GET /echo?a="])),
        "maas-023" => one(json!({"query": "a"}), json!(["GET /echo?a"])),
        "maas-033" => one(json!({"query": "a=1"}), json!(["GET /echo?a=1"])),
        "maas-036" => one(json!({"k": "v"}), json!(["GET /types?"])),
        "maas-038" => one(Json::Null, json!(["GET /list?"])),
        "maas-039" => one(Json::Null, json!(["GET /empty?"])),
        "maas-079" => one(json!({"query": "a=1"}), json!(["GET /echo?a=1"])),
        // Arguments that are not text are sent as text; upstream gives null without asking.
        "maas-066" => one(json!({"query": "a=5"}), json!(["GET /p/echo?a=5"])),
        "maas-068" => one(json!({"query": "5=x"}), json!(["GET /p/echo?5=x"])),
        // Answers are kept for ten minutes, as the documentation says; upstream's cache never hits.
        "maas-084" => Some(json!({
            "results": [{"result": {"n": 1}}, {"result": {"n": 1}}, {"result": {"n": 1}}],
            "requests": ["GET /count?k=same"],
        })),
        _ => None,
    }
}

#[test]
fn answers_are_upstreams_but_for_the_mends() {
    let cases = include_str!("../data/maas.jsonl");
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in cases.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let expected = mended(id).unwrap_or_else(|| case["expected"].clone());
        let found = run_case(&case["input"]);
        count += 1;
        if !agrees(&expected, &found) {
            wrong.push(format!(
                "{id}: {}\n  expected {expected}\n  found    {found}",
                case["input"]
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert_eq!(count, 47);
}

fn agrees(expected: &Json, found: &Json) -> bool {
    if expected.get("error").is_some() {
        return found.get("error").is_some();
    }
    if expected["requests"] != found["requests"] {
        return false;
    }
    match expected.get("results").and_then(Json::as_array) {
        None => expected["result"] == found["results"][0],
        Some(results) => {
            let results: Vec<&Json> = results.iter().map(|result| &result["result"]).collect();
            found["results"]
                .as_array()
                .is_some_and(|found| found.iter().eq(results))
        }
    }
}

/// Evaluates the case's expressions one after another, each as a batch of its own.
fn run_case(input: &Json) -> Json {
    let server = ModelServer::start();
    let bench = Bench::new(CallerOptions::default());
    let url = |path: &str| Endpoint::at(&format!("{}{path}", server.url));
    let mut functions = url("");
    functions
        .functions
        .insert("apply".to_owned(), "/types".to_owned());
    functions
        .functions
        .insert("other".to_owned(), "echo".to_owned());
    bench.register_all([
        ("dga", "1.0", 2, url("")),
        ("multi", "9.0", 3, url("/v9")),
        ("multi", "10.0", 4, url("/v10")),
        ("slash", "1.0", 5, url("/s/")),
        ("dead", "1.0", 6, Endpoint::at("http://localhost:1")),
        ("fn", "1.0", 7, functions),
    ]);

    let vars = input.get("vars").cloned().unwrap_or_else(|| json!({}));
    let vars = Event::read_json(vars.to_string().as_bytes(), NumberStyle::Jackson).unwrap();
    let one = [input["expr"].clone()];
    let expressions = input["exprs"]
        .as_array()
        .map_or(one.as_slice(), Vec::as_slice);
    let mut calls = bench.calls();
    let mut results = Vec::new();
    for expression in expressions {
        calls.begin_batch();
        let source = expression.as_str().unwrap().replace(NAMED_URL, &server.url);
        let program = match compile(&source, &Library::metron()) {
            Ok(program) => program,
            Err(problems) => return json!({"error": problems[0].message}),
        };
        let evaluate = |calls: &mut ModelCalls| {
            let global = Value::Null;
            program.evaluate(&vars, &mut Context::new(&global, 0, calls))
        };
        let mut outcome = evaluate(&mut calls);
        if matches!(&outcome, Err(error) if error.is_pending()) {
            calls.perform();
            outcome = evaluate(&mut calls);
        }
        match outcome {
            Ok(value) => {
                let text = value.to_serde().to_string().replace(&server.url, NAMED_URL);
                results.push(serde_json::from_str::<Json>(&text).unwrap());
            }
            Err(error) => return json!({"error": error.to_string()}),
        }
    }
    json!({"results": results, "requests": server.requests()})
}

/// The model server that the cases were answered with, as far as they show it.
struct ModelServer {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl ModelServer {
    fn start() -> ModelServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let noted = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = noted.clone();
                std::thread::spawn(move || serve(&stream, &noted));
            }
        });
        ModelServer { url, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers one request after another until the client leaves.
fn serve(stream: &TcpStream, requests: &Mutex<Vec<String>>) -> Option<()> {
    let mut lines = BufReader::new(stream).lines();
    loop {
        let line = lines.next()?.ok()?;
        let mut accepts_json = false;
        loop {
            let header = lines.next()?.ok()?.to_ascii_lowercase();
            accepts_json |= header == "accept: application/json";
            if header.is_empty() {
                break;
            }
        }
        let (request, _) = line.rsplit_once(' ')?;
        requests.lock().unwrap().push(request.to_owned());
        let (status, body) = if accepts_json {
            answer(request, requests)
        } else {
            (406, String::new())
        };
        let length = body.len();
        let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
        (&mut &*stream).write_all(text.as_bytes()).ok()?;
    }
}

fn answer(request: &str, requests: &Mutex<Vec<String>>) -> (u16, String) {
    let target = request.strip_prefix("GET ").unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let body = match path {
        "/apply" => {
            let legit = ["host=yahoo.com", "host=amazon.com"].contains(&query);
            json!({"is_malicious": if legit { "legit" } else { "malicious" }}).to_string()
        }
        "/s/apply" => json!({"is_malicious": "malicious", "served_by": path}).to_string(),
        "/types" => {
            r#"{"i": 1, "d": 2.5, "b": true, "n": null, "l": [1], "m": {"k": "v"}}"#.to_owned()
        }
        "/echo" | "/p/echo" => json!({"query": query}).to_string(),
        "/notjson" => "this is not JSON".to_owned(),
        "/list" => "[1, 2]".to_owned(),
        "/empty" => String::new(),
        "/count" => {
            let earlier = requests.lock().unwrap();
            let counts = earlier
                .iter()
                .filter(|request| request.starts_with("GET /count"));
            json!({"n": counts.count()}).to_string()
        }
        _ => return (404, "{}".to_owned()),
    };
    (200, body)
}
