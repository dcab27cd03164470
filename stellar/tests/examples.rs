//! Every function is documented, and every example in its documentation gives what it says.

use alidade_event::{Event, Value};
use alidade_stellar::{Context, Library, NoRemote, compile};

#[test]
fn the_examples_are_true() {
    let library = Library::metron();
    let global = Value::Null;
    let mut wrong = Vec::new();
    for name in library.names() {
        let spec = library.spec(name).unwrap();
        if spec.examples.is_empty() && !spec.remote {
            wrong.push(format!("{name} has no example"));
        }
        for (source, expected) in spec.examples {
            let mut remote = NoRemote;
            let mut context = Context::new(&global, 1_571_163_620_277, &mut remote);
            let found = match compile(source, &library) {
                Ok(program) => program.evaluate(&Event::new(), &mut context),
                Err(findings) => {
                    wrong.push(findings[0].render(source));
                    continue;
                }
            };
            match found {
                Ok(value) if value.to_json() == *expected => {}
                other => wrong.push(format!("{source} gives {other:?}, not {expected}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_described() {
    let library = Library::metron();
    for name in library.names() {
        let spec = library.spec(name).unwrap();
        assert_eq!(spec.name, name);
        assert!(
            spec.description.ends_with('.'),
            "{name}: {}",
            spec.description
        );
        assert!(!spec.returns.is_empty(), "{name}");
        let mut optional = false;
        for parameter in spec.parameters {
            assert!(
                parameter.description.ends_with('.'),
                "{name}: {}",
                parameter.description
            );
            assert!(
                !optional || parameter.optional,
                "{name}: a required parameter follows an optional one"
            );
            optional = parameter.optional;
        }
    }
}
