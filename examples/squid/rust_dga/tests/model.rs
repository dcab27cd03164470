//! The model as the service starts it: in a folder of its own, asked at the address that it has written.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use alidade_testkit::http;
use serde_json::Value;

struct Model(Child);

impl Drop for Model {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn endpoint(folder: &Path) -> Value {
    let started = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(folder.join("endpoint.dat")) {
            return serde_json::from_str(&text).unwrap();
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "no endpoint.dat"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn it_answers_one_question_and_many() {
    let folder = tempfile::tempdir().unwrap();
    let program = env!("CARGO_BIN_EXE_alidade-example-rust-dga");
    let _model = Model(
        Command::new(program)
            .current_dir(folder.path())
            .spawn()
            .unwrap(),
    );
    let endpoint = endpoint(folder.path());
    let url = endpoint["url"]
        .as_str()
        .unwrap()
        .replace("0.0.0.0", "127.0.0.1");
    let apply = endpoint["functions"]["apply"].as_str().unwrap();
    let one = http::get(&format!("{url}/{apply}?host=yahoo.com")).unwrap();
    assert_eq!(one.text(), r#"{"is_malicious":"legit"}"#);

    let batch = endpoint["functions"]["apply:batch"].as_str().unwrap();
    let questions = br#"[{"host": "cnn.com"}, {"host": "amazon.com"}, {}]"#;
    let many = http::request(
        "POST",
        &format!("{url}/{batch}"),
        Some("application/json"),
        questions,
    );
    let verdicts: Vec<Value> = serde_json::from_slice(&many.unwrap().body).unwrap();
    let verdicts: Vec<&str> = verdicts
        .iter()
        .filter_map(|it| it["is_malicious"].as_str())
        .collect();
    assert_eq!(verdicts, ["malicious", "legit", "malicious"]);
}
