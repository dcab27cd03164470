//! The functions, and the library that knows them by name.

mod absent;
mod all_texts;
mod collections;
mod convert;
mod date;
mod encode;
mod function;
mod geo;
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
pub(crate) use function::{Call, Function};
pub use function::{FunctionSpec, Parameter};
pub use network::protocol_name;

/// A function whose calls are answered by [`crate::RemoteCalls`]: the library knows only its face.
pub trait RemoteFunction: Send + Sync {
    fn name(&self) -> &'static str;
    fn description(&self) -> &'static str;
    fn parameters(&self) -> &'static [Parameter];
    /// What the value is, in a few words.
    fn returns(&self) -> &'static str;
}

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
    math::FUNCTIONS,
    model::FUNCTIONS,
    network::FUNCTIONS,
    regexp::FUNCTIONS,
    stats::FUNCTIONS,
    system::FUNCTIONS,
    text::FUNCTIONS,
];

impl Library {
    /// All functions that need nothing but their arguments, and the two of the model service.
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

    /// Adds a function that [`crate::RemoteCalls`] answers. It takes the place of one with the same name.
    pub fn with_remote(mut self, function: Arc<dyn RemoteFunction>) -> Library {
        let added = Function::new(
            function.name(),
            function.description(),
            function.parameters(),
            function.returns(),
            |call| call.call_remote(),
        )
        .remote();
        Arc::make_mut(&mut self.functions).insert(function.name(), Arc::new(added));
        self
    }

    /// The names of all functions, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.functions.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// What there is to know about a function.
    pub fn spec(&self, name: &str) -> Option<FunctionSpec> {
        self.functions.get(name).map(|function| function.spec)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.functions.get(name)
    }
}
