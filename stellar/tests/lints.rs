//! Nothing that comes with the program is warned of.

use std::fs;
use std::path::Path;

use alidade_stellar::{Library, compile};
use serde_json::Value as Json;

/// Every text in a document that compiles, with what is said about it.
fn look_into(json: &Json, library: &Library, calls: &mut usize, said: &mut Vec<String>) {
    match json {
        Json::String(text) => {
            let source = text
                .split_once(":=")
                .map_or(text.as_str(), |(_, source)| source);
            // A single word is a name of something else.
            if !source.contains([' ', '(']) {
                return;
            }
            let Ok(program) = compile(source, library) else {
                return;
            };
            *calls += usize::from(source.contains('('));
            said.extend(
                program
                    .warnings()
                    .iter()
                    .map(|warning| warning.render(source)),
            );
        }
        Json::Array(members) => {
            for member in members {
                look_into(member, library, calls, said);
            }
        }
        Json::Object(entries) => {
            for (_, value) in entries {
                look_into(value, library, calls, said);
            }
        }
        _ => {}
    }
}

fn look_into_folder(folder: &Path, library: &Library, calls: &mut usize, said: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look_into_folder(&path, library, calls, said);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let json = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            look_into(&json, library, calls, said);
        }
    }
}

#[test]
fn no_shipped_document_is_warned_of() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let library = Library::metron();
    let mut said = Vec::new();
    let mut calls = 0;
    for folder in ["config/zookeeper", "examples"] {
        look_into_folder(&root.join(folder), &library, &mut calls, &mut said);
    }
    assert!(said.is_empty(), "{}", said.join("\n"));
    assert!(calls >= 5, "only {calls} expressions with a call");
}
