use std::sync::Arc;

/// One parameter of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub description: &'static str,
    pub optional: bool,
    /// May be given any number of times.
    pub repeated: bool,
}

/// What there is to know about a function without calling it.
#[derive(Debug, Clone, Copy)]
pub struct FunctionSpec {
    pub name: &'static str,
    pub description: &'static str,
    pub parameters: &'static [Parameter],
    pub returns: &'static str,
    /// The same arguments always give the same value.
    pub deterministic: bool,
    /// The call goes to [`crate::RemoteCalls`].
    pub remote: bool,
}

/// A function whose calls are answered by [`crate::RemoteCalls`]: the library knows only its face.
pub trait RemoteFunction: Send + Sync {
    fn name(&self) -> &'static str;
    fn description(&self) -> &'static str;
    fn parameters(&self) -> &'static [Parameter];
    /// What the value is, in a few words.
    fn returns(&self) -> &'static str;
}

/// The functions that expressions may call. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    specs: Arc<Vec<FunctionSpec>>,
}

impl Library {
    /// All functions that need nothing but their arguments, and the two of the model service.
    pub fn metron() -> Library {
        Library {
            specs: Arc::new(Vec::new()),
        }
    }

    /// Adds a function that [`crate::RemoteCalls`] answers.
    pub fn with_remote(mut self, function: Arc<dyn RemoteFunction>) -> Library {
        Arc::make_mut(&mut self.specs).push(FunctionSpec {
            name: function.name(),
            description: function.description(),
            parameters: function.parameters(),
            returns: function.returns(),
            deterministic: false,
            remote: true,
        });
        self
    }

    /// The names of all functions, sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.specs.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        names
    }

    pub fn spec(&self, name: &str) -> Option<FunctionSpec> {
        self.specs.iter().find(|spec| spec.name == name).copied()
    }
}
