//! Edges of the functions, as upstream has them.
//!
//! Each line of `data/edges.txt` holds an expression, ` => `, and the JSON of its value or `!` for an error.

use alidade_event::{Event, Value};
use alidade_stellar::{Context, Library, NoRemote, compile};

#[test]
fn edges_are_as_recorded() {
    let library = Library::metron();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in include_str!("data/edges.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (source, expected) = line.split_once(" => ").expect("an expression and a value");
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
        let found = match compile(source, &library) {
            Ok(program) => program.evaluate(&Event::new(), &mut context).ok(),
            Err(_) => None,
        };
        let found = found.map_or_else(|| "!".to_owned(), |value| value.to_json());
        cases += 1;
        if found != expected {
            wrong.push(format!("{source} gives {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(cases > 100);
}
