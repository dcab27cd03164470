//! Calls of a batch that leave the process, as a stage sees them.

use alidade_event::Origin;
use alidade_stellar::{NoRemote, RemoteCalls};

/// Remote calls that are noted down during a batch and made together at its end.
pub trait BatchCalls: RemoteCalls + Send {
    /// Forgets what the last batch asked for.
    fn begin_batch(&mut self);

    /// Makes the noted calls and waits for their answers, no longer than their time-out.
    fn perform(&mut self);

    /// From now on, until the next batch, what is not known is answered as if it had failed: nothing is noted any more.
    fn close(&mut self);

    /// The remote end for an evaluation of the record at `origin`. What is drawn by lot for a record, such as the version of
    /// a model, stays the same as often as it is evaluated.
    fn remote_for(&mut self, origin: &Origin) -> &mut dyn RemoteCalls;
}

impl BatchCalls for NoRemote {
    fn begin_batch(&mut self) {}

    fn perform(&mut self) {}

    fn close(&mut self) {}

    fn remote_for(&mut self, _origin: &Origin) -> &mut dyn RemoteCalls {
        self
    }
}

/// How often the events of a batch may wait for calls that depend on the answers of others.
pub const MOST_ROUNDS: usize = 32;
