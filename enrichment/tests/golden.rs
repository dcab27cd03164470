//! Whole messages of the squid walk-through: `golden/<name>/{config,message,expected}.json`.

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use alidade_enrichment::offline::enrich_case;
use serde_json::{Value, json};

use common::differences;

fn read(folder: &Path, name: &str) -> Value {
    let text = fs::read_to_string(folder.join(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn golden_messages_come_out_as_written() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let folders: Vec<PathBuf> = fs::read_dir(golden)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(folders.len(), 3);
    for folder in folders {
        let input = json!({
            "config": read(&folder, "config.json"),
            "message": read(&folder, "message.json"),
        });
        let answer = enrich_case(&input);
        assert_eq!(answer.get("errors"), None, "{}", folder.display());
        let found = differences(&read(&folder, "expected.json"), &answer["message"]);
        assert!(
            found.is_empty(),
            "{}:\n{}",
            folder.display(),
            found.join("\n")
        );
    }
}
