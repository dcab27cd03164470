//! Delivery reports of one batch at a time, without an allocation per message.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use rdkafka::ClientContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use tokio::sync::Notify;

/// Bits of a ticket that number the message in its batch; the rest number the batch, so that a late report of an
/// abandoned batch is told apart.
const INDEX_BITS: u32 = 16;
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;

#[derive(Default)]
pub(super) struct Deliveries {
    state: Mutex<State>,
    complete: Notify,
}

#[derive(Default)]
struct State {
    batch: usize,
    results: Vec<Option<Result<(), KafkaError>>>,
    missing: usize,
}

/// The tickets of one batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tickets {
    batch: usize,
}

impl Tickets {
    pub(super) fn ticket(self, index: usize) -> usize {
        (self.batch << INDEX_BITS) | (index & INDEX_MASK)
    }
}

impl Deliveries {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|broken| broken.into_inner())
    }

    /// Begins a batch; reports of earlier ones are no longer of interest.
    pub(super) fn open(&self, count: usize) -> Tickets {
        let mut state = self.state();
        state.batch = state.batch.wrapping_add(1) & (usize::MAX >> INDEX_BITS);
        state.results.clear();
        state.results.resize_with(count, || None);
        state.missing = count;
        Tickets { batch: state.batch }
    }

    pub(super) fn settle(&self, ticket: usize, result: Result<(), KafkaError>) {
        let mut state = self.state();
        if ticket >> INDEX_BITS != state.batch {
            return;
        }
        let Some(slot) = state.results.get_mut(ticket & INDEX_MASK) else {
            return;
        };
        if slot.replace(result).is_none() {
            state.missing -= 1;
        }
        if state.missing == 0 {
            self.complete.notify_one();
        }
    }

    /// The results when all are there, or what is there when the time is up.
    pub(super) async fn wait(
        &self,
        tickets: Tickets,
        limit: Duration,
    ) -> Vec<Option<Result<(), KafkaError>>> {
        let complete = async {
            loop {
                let notified = self.complete.notified();
                {
                    let state = self.state();
                    if state.missing == 0 || state.batch != tickets.batch {
                        return;
                    }
                }
                notified.await;
            }
        };
        // Whether it was complete or the time was up shows in the results.
        let _ = tokio::time::timeout(limit, complete).await;
        let mut state = self.state();
        state.missing = 0;
        state.batch = state.batch.wrapping_add(1) & (usize::MAX >> INDEX_BITS);
        std::mem::take(&mut state.results)
    }
}

pub(super) struct DeliveryContext(Arc<Deliveries>);

impl DeliveryContext {
    pub(super) fn new(deliveries: Arc<Deliveries>) -> Self {
        DeliveryContext(deliveries)
    }
}

impl ClientContext for DeliveryContext {}

impl ProducerContext for DeliveryContext {
    type DeliveryOpaque = usize;

    fn delivery(&self, delivered: &DeliveryResult<'_>, ticket: usize) {
        let result = match delivered {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(error.clone()),
        };
        self.0.settle(ticket, result);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_batch_is_complete_when_every_report_is_there() {
        let deliveries = Deliveries::default();
        let tickets = deliveries.open(2);
        deliveries.settle(tickets.ticket(1), Ok(()));
        deliveries.settle(tickets.ticket(0), Err(KafkaError::Canceled));
        let results = deliveries.wait(tickets, Duration::from_secs(60)).await;
        assert!(matches!(
            results[..],
            [Some(Err(KafkaError::Canceled)), Some(Ok(()))]
        ));
    }

    #[tokio::test]
    async fn a_missing_report_is_missing_and_a_late_one_is_ignored() {
        let deliveries = Deliveries::default();
        let first = deliveries.open(1);
        let results = deliveries.wait(first, Duration::from_millis(1)).await;
        assert!(matches!(results[..], [None]));
        let second = deliveries.open(1);
        deliveries.settle(first.ticket(0), Ok(()));
        let results = deliveries.wait(second, Duration::from_millis(1)).await;
        assert!(
            matches!(results[..], [None]),
            "the late report is of the first batch"
        );
    }
}
