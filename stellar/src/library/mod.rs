//! The functions, and the library that knows them by name.

mod absent;
mod all_texts;
mod collections;
mod config;
mod convert;
mod date;
mod encode;
mod files;
mod function;
mod geo;
mod grok;
mod help;
mod kafka;
mod math;
mod model;
mod network;
mod packets;
mod parser;
mod prelude;
mod profiler;
mod regexp;
mod rest;
mod shell;
mod spec;
mod stats;
mod store;
mod system;
mod text;
mod triage;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub(crate) use absent::absent;
pub(crate) use function::{Call, Function};
pub use function::{HostCall, HostFunction};
pub use network::protocol_name;
pub use spec::{Availability, FunctionSpec, OnNull, Parameter};

/// The functions that expressions may call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Library {
    functions: Arc<HashMap<&'static str, Arc<Function>>>,
}

/// Every group of functions, with the title of its area.
const GROUPS: &[(&str, &[Function])] = &[
    ("Text", text::FUNCTIONS),
    ("Regular expressions", regexp::FUNCTIONS),
    ("Conversion", convert::FUNCTIONS),
    ("Lists, maps, sets and lambdas", collections::FUNCTIONS),
    ("Numbers", math::FUNCTIONS),
    ("Dates and times", date::FUNCTIONS),
    ("Networks, domains and URLs", network::FUNCTIONS),
    ("Encodings and hashes", encode::FUNCTIONS),
    ("Statistics and sketches", stats::FUNCTIONS),
    ("Places on the earth", geo::FUNCTIONS),
    ("Models", model::FUNCTIONS),
    ("Services over HTTP", rest::FUNCTIONS),
    ("Stored enrichments and objects", store::FUNCTIONS),
    ("Profiles", profiler::FUNCTIONS),
    ("System", system::FUNCTIONS),
    ("Shell: variables", shell::FUNCTIONS),
    ("Shell: configurations", config::FUNCTIONS),
    ("Shell: parsers", parser::FUNCTIONS),
    ("Shell: Grok patterns", grok::FUNCTIONS),
    ("Shell: triage rules", triage::FUNCTIONS),
    ("Shell: Kafka topics", kafka::FUNCTIONS),
    ("Shell: files", files::FUNCTIONS),
    ("Packets", packets::FUNCTIONS),
];

impl Library {
    /// All functions of the language. Those that need a store or a person are known by their face only: calls are checked,
    /// and refused with the reason.
    pub fn metron() -> Library {
        static METRON: OnceLock<Library> = OnceLock::new();
        METRON
            .get_or_init(|| {
                let mut functions = HashMap::new();
                for (area, group) in GROUPS {
                    for function in *group {
                        let mut function = function.clone();
                        function.spec.area = area;
                        functions.insert(function.spec.name, Arc::new(function));
                    }
                }
                Library {
                    functions: Arc::new(functions),
                }
            })
            .clone()
    }

    /// Gives a function a body that the language cannot have by itself, such as one that asks a store. It can be called
    /// everywhere then. Nothing happens when the library knows no function of that name.
    pub fn with_host_function(mut self, name: &str, body: Arc<dyn HostFunction>) -> Library {
        if let Some(function) = Arc::make_mut(&mut self.functions).get_mut(name) {
            *function = Arc::new(Function::clone(function).with_host(body));
        }
        self
    }

    /// The titles of the areas to which the functions belong, those for everyday use first.
    pub fn areas() -> impl Iterator<Item = &'static str> {
        GROUPS.iter().map(|(area, _)| *area)
    }

    /// The specifications of all functions, sorted by name, also of those that cannot be called here.
    pub fn specs(&self) -> Vec<FunctionSpec> {
        let mut specs: Vec<_> = self.functions.values().map(|f| f.spec).collect();
        specs.sort_unstable_by_key(|spec| spec.name);
        specs
    }

    /// The names of all functions that can be called, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let callable = |spec: &FunctionSpec| spec.availability == Availability::Everywhere;
        let specs = self.specs().into_iter().filter(callable);
        specs.map(|spec| spec.name).collect()
    }

    /// What there is to know about a function.
    pub fn spec(&self, name: &str) -> Option<FunctionSpec> {
        self.functions.get(name).map(|function| function.spec)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name)
    }
}
