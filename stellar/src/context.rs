use alidade_event::Value;

/// What an evaluation may use besides its variables.
pub struct Context<'a> {
    /// The global configuration: a map, or null where there is none.
    pub global: &'a Value,
    /// The clock, in epoch milliseconds. It stands still during one evaluation.
    pub now_ms: i64,
    /// Answers calls that leave the process.
    pub remote: &'a mut dyn RemoteCalls,
}

impl<'a> Context<'a> {
    pub fn new(global: &'a Value, now_ms: i64, remote: &'a mut dyn RemoteCalls) -> Self {
        Context {
            global,
            now_ms,
            remote,
        }
    }
}

/// Calls whose answers come from elsewhere: model servers, stores.
pub trait RemoteCalls {
    /// The value of a call if it is known.
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome;
}

/// What became of a remote call.
#[derive(Debug, Clone)]
pub enum RemoteOutcome {
    Ready(Value),
    /// The call has been noted down; the whole evaluation is to be repeated when its answer is there.
    Pending,
    /// The call cannot be made at all. The text says why.
    Failed(String),
}

/// No remote end: every call yields null.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRemote;

impl RemoteCalls for NoRemote {
    fn call(&mut self, _function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
        RemoteOutcome::Ready(Value::Null)
    }
}
