use std::time::Duration;

use alidade_event::Value;

use crate::ConfigProblem;
use crate::convert::to_long;
use crate::operators::described;

/// What an evaluation may use besides its variables.
pub struct Context<'a> {
    /// The global configuration: a map, or null where there is none.
    pub global: &'a Value,
    /// The clock, in epoch milliseconds. It stands still during one evaluation.
    pub now_ms: i64,
    /// Answers calls that leave the process.
    pub remote: &'a mut dyn RemoteCalls,
    /// The budget that the host has set.
    pub(crate) budget: Option<Duration>,
}

/// Processor time that one evaluation may take, about, unless something else is set. Long enough for everything that a rule
/// has to do with a message, short enough for a hostile message not to hold up a partition.
pub const DEFAULT_BUDGET: Duration = Duration::from_secs(2);

/// The property of the global configuration that sets another budget, in milliseconds.
pub const BUDGET_PROPERTY: &str = "stellar.evaluation.time.limit.ms";

impl<'a> Context<'a> {
    pub fn new(global: &'a Value, now_ms: i64, remote: &'a mut dyn RemoteCalls) -> Self {
        Context {
            global,
            now_ms,
            remote,
            budget: None,
        }
    }

    /// The same with a budget of processor time for each evaluation, whatever the global configuration says. An evaluation
    /// that takes longer fails.
    pub fn with_budget(mut self, budget: Duration) -> Self {
        self.budget = Some(budget);
        self
    }
}

/// The budget of an evaluation under a global configuration. What is not a number above 0 leaves the default.
pub(crate) fn budget_of(global: &Value) -> Duration {
    match set_budget(global) {
        Some(Ok(budget)) => budget,
        _ => DEFAULT_BUDGET,
    }
}

/// What is wrong with the budget that a global configuration sets.
pub fn check_budget(global: &Value) -> Option<ConfigProblem> {
    let Some(Err(found)) = set_budget(global) else {
        return None;
    };
    let message = format!(
        "the time limit must be a number of milliseconds above 0, not {}",
        described(found)
    );
    let problem = ConfigProblem::new(format!("/{BUDGET_PROPERTY}"), message);
    Some(problem.with_help(format!(
        "without it, an expression may take {} ms",
        DEFAULT_BUDGET.as_millis()
    )))
}

/// The budget, or the value that is none.
fn set_budget(global: &Value) -> Option<Result<Duration, &Value>> {
    let Value::Map(global) = global else {
        return None;
    };
    let set = global.get_str(BUDGET_PROPERTY).filter(|v| !v.is_null())?;
    let millis = match set {
        Value::Int(_) | Value::Long(_) | Value::Str(_) => to_long(set),
        _ => None,
    };
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    Some(match millis {
        Some(millis) if millis > 0 => Ok(Duration::from_millis(millis)),
        _ => Err(set),
    })
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
