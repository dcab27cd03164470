//! Every function is documented, and every example in its documentation gives what it says.

use std::sync::Arc;

use alidade_event::{Event, Value};
use alidade_stellar::{
    Availability, Context, EvalError, HostCall, HostFunction, Library, NoRemote, compile,
};

#[test]
fn the_examples_are_true() {
    let library = Library::metron();
    let global = Value::Null;
    let mut wrong = Vec::new();
    for name in library.names() {
        let spec = library.spec(name).unwrap();
        if spec.examples.is_empty() && spec.usage.is_empty() {
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

/// A body for functions that have none here.
struct Nothing;

impl HostFunction for Nothing {
    fn call(&self, _call: &mut dyn HostCall) -> Result<Value, EvalError> {
        Ok(Value::Null)
    }
}

#[test]
fn what_cannot_be_run_is_shown_in_use() {
    let mut library = Library::metron();
    let mut wrong = Vec::new();
    for spec in Library::metron().specs() {
        if spec.availability != Availability::Everywhere {
            library = library.with_host_function(spec.name, Arc::new(Nothing));
            if spec.usage.is_empty() {
                wrong.push(format!("{} is not shown in use", spec.name));
            }
        }
    }
    for spec in library.specs() {
        for source in spec.usage {
            if !source.contains(spec.name) {
                wrong.push(format!("{source} does not show {}", spec.name));
            }
            if let Err(findings) = compile(source, &library) {
                wrong.push(findings[0].render(source));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_function_is_described() {
    let areas: Vec<&str> = Library::areas().collect();
    for spec in Library::metron().specs() {
        let name = spec.name;
        assert!(areas.contains(&spec.area), "{name}: {}", spec.area);
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

#[test]
fn every_function_of_upstream_is_known() {
    // NOW is upstream's example of how to write a function.
    assert_eq!(Library::metron().specs().len(), 208 - 1);
}

#[test]
fn help_tells_everything() {
    let library = Library::metron();
    let help = library.spec("SUBSTRING").unwrap().help();
    for part in [
        "SUBSTRING(input: text, start: number, end?: number) -> text|null",
        "A part of a text.",
        "Null gives null.",
        "SUBSTRING('metron', 1, 3)\n      \"et\"",
        "Deterministic.",
    ] {
        assert!(help.contains(part), "`{part}` is missing:\n{help}");
    }
    for spec in library.specs() {
        let help = spec.help();
        assert!(help.starts_with(spec.name), "{help}");
        for source in spec.usage {
            assert!(help.contains(source), "{help}");
        }
        for parameter in spec.parameters {
            assert!(help.contains(parameter.description), "{help}");
        }
    }
    let nowhere = library.spec("PROFILE_GET").unwrap().help();
    assert!(
        nowhere.contains("It cannot be called yet: there is no profiler."),
        "{nowhere}"
    );
}
