//! Calls that leave the process: models, services over HTTP, databases of addresses.

use std::sync::Arc;

use alidade_event::Value;
use alidade_stellar::{RemoteCalls, RemoteOutcome};

/// The remote end of one evaluation, which notes calls down until it is told to make them.
pub trait OutsideCalls: Send {
    fn as_remote(&mut self) -> &mut dyn RemoteCalls;

    /// Makes the calls that have been noted down, and waits for their answers no longer than their time-out.
    fn perform(&mut self);
}

/// Makes the remote end of an evaluation.
pub type MakeOutside = Arc<dyn Fn() -> Box<dyn OutsideCalls> + Send + Sync>;

/// Makes every call at once: an evaluation that is repeated would repeat what its functions do.
pub(super) struct AtOnce(pub Box<dyn OutsideCalls>);

impl RemoteCalls for AtOnce {
    fn call(&mut self, function: &'static str, arguments: &[Value]) -> RemoteOutcome {
        let noted = self.0.as_remote().call(function, arguments);
        if !matches!(noted, RemoteOutcome::Pending) {
            return noted;
        }
        self.0.perform();
        match self.0.as_remote().call(function, arguments) {
            RemoteOutcome::Pending => RemoteOutcome::Failed("no answer has come".to_owned()),
            answered => answered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers the second call of a function, if there was a round in between.
    #[derive(Default)]
    struct Rounds {
        noted: bool,
        rounds: usize,
        never: bool,
    }

    impl RemoteCalls for Rounds {
        fn call(&mut self, _function: &'static str, _arguments: &[Value]) -> RemoteOutcome {
            if self.never || self.rounds == 0 {
                self.noted = true;
                return RemoteOutcome::Pending;
            }
            RemoteOutcome::Ready(Value::Int(1))
        }
    }

    impl OutsideCalls for Rounds {
        fn as_remote(&mut self) -> &mut dyn RemoteCalls {
            self
        }

        fn perform(&mut self) {
            assert!(self.noted);
            self.rounds += 1;
        }
    }

    #[test]
    fn a_call_is_made_when_it_is_noted() {
        let mut calls = AtOnce(Box::new(Rounds::default()));
        let answer = calls.call("REST_GET", &[]);
        assert!(matches!(answer, RemoteOutcome::Ready(Value::Int(1))));
        let mut calls = AtOnce(Box::new(Rounds {
            never: true,
            ..Rounds::default()
        }));
        assert!(matches!(
            calls.call("REST_GET", &[]),
            RemoteOutcome::Failed(_)
        ));
    }
}
