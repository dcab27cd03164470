//! The choice of a version for calls that name none.

use std::collections::HashMap;
use std::sync::Arc;

use alidade_event::Origin;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::answer_cache::KeyHashing;
use crate::endpoints::{Model, ModelVersion};
use crate::random::random;
use crate::routes::Shares;

/// Chooses versions during a batch, for each of its events the same one every time: an expression is evaluated again once
/// the answers to its calls are there, and must find the call that it has asked for.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// The number of the record that is evaluated, the same in every evaluation.
    event: u64,
    /// When the batch began. Who is live is looked at once in a batch.
    began_ms: u64,
    /// By the address of the model, which lives as long as the batch. Only models with routes are here.
    shares: HashMap<usize, Shares, KeyHashing>,
}

impl Chosen {
    pub(crate) fn new(now_ms: u64) -> Chosen {
        Chosen {
            event: random(),
            began_ms: now_ms,
            shares: HashMap::with_hasher(KeyHashing::new()),
        }
    }

    /// Forgets the last batch, and the endpoints that it has seen.
    pub(crate) fn begin_batch(&mut self, now_ms: u64) {
        self.event = random();
        self.began_ms = now_ms;
        self.shares.clear();
    }

    /// All events of a record count as one.
    pub(crate) fn begin_event(&mut self, origin: &Origin) {
        let place =
            (u64::from(origin.partition.cast_unsigned()) << 48) ^ origin.offset.cast_unsigned();
        self.event = xxh3_64_with_seed(origin.topic.as_bytes(), place);
    }

    /// The version that answers the event's calls, if they name none.
    pub(crate) fn version_of<'m>(
        &mut self,
        name: &str,
        model: &'m Model,
    ) -> Option<&'m Arc<ModelVersion>> {
        let Some(routes) = &model.routes else {
            return model.versions.last();
        };
        let address = std::ptr::from_ref(model) as usize;
        let began_ms = self.began_ms;
        let shares = self
            .shares
            .entry(address)
            .or_insert_with(|| routes.share_out(&model.versions, began_ms));
        let chosen = shares.choose(xxh3_64_with_seed(name.as_bytes(), self.event));
        model.versions.get(chosen?)
    }
}
