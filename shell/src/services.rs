use std::sync::{Arc, Mutex, PoisonError};

use alidade_config::Store;
use alidade_event::Value;
use alidade_parsers::PatternSource;
use tokio::runtime::Handle;

/// What the functions of the shell work with.
pub struct Services {
    /// Where asynchronous work is done. The functions block on it, so they must not be called from inside of it.
    pub runtime: Handle,
    /// Where configuration documents are kept, if the shell was told.
    pub store: Option<Arc<dyn Store>>,
    /// Grok pattern files.
    pub patterns: Arc<dyn PatternSource + Send + Sync>,
    variables: Mutex<Vec<Variable>>,
}

/// A variable that was assigned in the shell.
#[derive(Debug, Clone)]
pub struct Variable {
    pub name: String,
    /// The text of the expression that gave the value; nothing when the value came from a file.
    pub expression: Option<String>,
    pub value: Value,
}

impl Services {
    pub fn new(
        runtime: Handle,
        store: Option<Arc<dyn Store>>,
        patterns: Arc<dyn PatternSource + Send + Sync>,
    ) -> Services {
        Services {
            runtime,
            store,
            patterns,
            variables: Mutex::default(),
        }
    }

    /// The variables in the order in which they were assigned first.
    pub fn variables(&self) -> Vec<Variable> {
        self.locked().clone()
    }

    /// Assigns a variable. A name that is there already keeps its place.
    pub fn assign(&self, variable: Variable) {
        let mut variables = self.locked();
        match variables
            .iter_mut()
            .find(|known| known.name == variable.name)
        {
            Some(known) => *known = variable,
            None => variables.push(variable),
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Vec<Variable>> {
        // A panic elsewhere cannot leave the list half changed.
        self.variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
