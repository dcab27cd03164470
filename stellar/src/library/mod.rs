//! The functions, and the library that knows them by name.

mod absent;
mod all_texts;
mod collections;
mod convert;
mod date;
mod encode;
mod function;
mod geo;
mod kafka;
mod math;
mod model;
mod network;
mod prelude;
mod regexp;
mod stats;
mod system;
mod text;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub(crate) use absent::absent;
pub use function::{Availability, FunctionSpec, HostCall, HostFunction, Parameter};
pub(crate) use function::{Call, Function};
pub use network::protocol_name;

/// The functions that expressions may call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Library {
    functions: Arc<HashMap<&'static str, Arc<Function>>>,
}

/// Every group of functions.
const GROUPS: &[&[Function]] = &[
    collections::FUNCTIONS,
    convert::FUNCTIONS,
    date::FUNCTIONS,
    encode::FUNCTIONS,
    geo::FUNCTIONS,
    kafka::FUNCTIONS,
    math::FUNCTIONS,
    model::FUNCTIONS,
    network::FUNCTIONS,
    regexp::FUNCTIONS,
    stats::FUNCTIONS,
    system::FUNCTIONS,
    text::FUNCTIONS,
];

impl Library {
    /// All functions of the language. Those that need a store or a person are known by their face only: calls are checked,
    /// and refused with the reason.
    pub fn metron() -> Library {
        static METRON: OnceLock<Library> = OnceLock::new();
        METRON
            .get_or_init(|| {
                let functions = GROUPS.iter().flat_map(|group| group.iter());
                Library {
                    functions: Arc::new(
                        functions
                            .map(|function| (function.spec.name, Arc::new(function.clone())))
                            .collect(),
                    ),
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
