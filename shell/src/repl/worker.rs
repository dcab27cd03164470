//! Evaluations on a thread of their own, so that they can be given up.

use std::io;

use alidade_event::{Event, Value};
use alidade_stellar::{EvalError, NoRemote, Program, RemoteCalls};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::outside::{AtOnce, MakeOutside};
use crate::evaluation;

/// As much as the main thread has.
const STACK_BYTES: usize = 8 << 20;

/// Why there is no value.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stopped {
    #[error("{0}")]
    Failed(EvalError),
    /// The evaluation goes on by itself until it has used up its time; nobody gets its value.
    #[error("cancelled")]
    Cancelled,
    #[error("the evaluation ended with a fault inside of the program; please report it")]
    Fault,
    #[error("no thread can be started: {0}")]
    NoThread(io::Error),
}

/// All that an evaluation needs, so that it can go on by itself.
pub(super) struct Evaluation {
    pub program: Program,
    pub variables: Event,
    pub global: Value,
    /// Without it, calls that leave the process yield null.
    pub outside: Option<MakeOutside>,
}

/// Evaluates a program. With `cancellable`, Ctrl-C ends the waiting, from then on not the process.
pub(super) fn evaluate(
    runtime: &Handle,
    cancellable: bool,
    evaluation: Evaluation,
) -> Result<Value, Stopped> {
    waited(runtime, cancellable, move || evaluation.run())
}

impl Evaluation {
    fn run(&self) -> Result<Value, EvalError> {
        let mut remote: Box<dyn RemoteCalls> = match &self.outside {
            Some(make) => Box::new(AtOnce(make())),
            None => Box::new(NoRemote),
        };
        evaluation::run(&self.program, &self.variables, &self.global, &mut *remote)
    }
}

fn waited(
    runtime: &Handle,
    cancellable: bool,
    work: impl FnOnce() -> Result<Value, EvalError> + Send + 'static,
) -> Result<Value, Stopped> {
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("alidade-evaluation".to_owned())
        .stack_size(STACK_BYTES)
        .spawn(move || {
            // Nobody waits any more when the evaluation was given up.
            let _ = sender.send(work());
        })
        .map_err(Stopped::NoThread)?;
    runtime.block_on(async {
        tokio::select! {
            biased;
            outcome = receiver => match outcome {
                Ok(outcome) => outcome.map_err(Stopped::Failed),
                Err(_) => Err(Stopped::Fault),
            },
            () = interrupt(), if cancellable => Err(Stopped::Cancelled),
        }
    })
}

/// Returns when Ctrl-C is pressed.
async fn interrupt() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_an_evaluation_does_not_end_the_session() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let outcome = waited(runtime.handle(), false, || {
            std::panic::resume_unwind(Box::new("a fault"))
        });
        assert!(matches!(outcome, Err(Stopped::Fault)));
        let outcome = waited(runtime.handle(), true, || Ok(Value::Int(1)));
        assert!(matches!(outcome, Ok(Value::Int(1))));
    }
}
