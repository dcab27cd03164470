//! What a stage between two topics is to its worker, and the ways by which its results leave.

use std::panic::{AssertUnwindSafe, catch_unwind};

use alidade_event::{ErrorRecord, ErrorType, Event, Origin, RawMessage, Str};

use crate::ack::Ticket;
use crate::host;
use crate::output::Output;

/// One record, borrowed from the consumer.
pub struct InputRecord<'a> {
    pub topic: &'a str,
    pub key: Option<&'a [u8]>,
    pub value: &'a [u8],
    /// Origin of the record's first event.
    pub origin: Origin,
}

/// Where a stage puts what it makes of the record at hand.
pub struct Outbox<'a> {
    output: &'a Output,
    ticket: Ticket,
    /// The record was put aside; it is owed until this outbox goes.
    was_put_aside: bool,
    scratch: &'a mut Vec<u8>,
    counts: &'a mut Counts,
}

/// The way out at the end of a batch, for records that were put aside with their tickets.
pub struct Outlet<'a> {
    output: &'a Output,
    scratch: &'a mut Vec<u8>,
    counts: &'a mut Counts,
}

impl<'a> Outlet<'a> {
    pub(crate) fn new(
        output: &'a Output,
        scratch: &'a mut Vec<u8>,
        counts: &'a mut Counts,
    ) -> Self {
        Outlet {
            output,
            scratch,
            counts,
        }
    }

    /// The way out for what was put aside, one outbox for each time. What is not sent by it or put aside anew is left out.
    pub fn for_ticket(&mut self, ticket: Ticket) -> Outbox<'_> {
        Outbox {
            output: self.output,
            ticket,
            was_put_aside: true,
            scratch: self.scratch,
            counts: self.counts,
        }
    }
}

/// What a batch came to.
#[derive(Debug, Default, Clone, Copy)]
pub struct Counts {
    pub read: u64,
    pub read_bytes: u64,
    pub sent: u64,
    pub errors: u64,
    pub dropped: u64,
}

impl<'a> Outbox<'a> {
    /// The way out for a record that is being taken.
    pub(crate) fn new(
        output: &'a Output,
        ticket: Ticket,
        scratch: &'a mut Vec<u8>,
        counts: &'a mut Counts,
    ) -> Self {
        Outbox {
            output,
            ticket,
            was_put_aside: false,
            scratch,
            counts,
        }
    }

    /// The ticket of the record at hand, for a stage that finishes something of it later. Until then it counts as owed, so
    /// that it may be dropped by accident but not be lost.
    pub fn put_aside(&mut self) -> Ticket {
        self.output.owe(self.ticket);
        self.ticket
    }

    pub fn send(&mut self, topic: &str, event: &Event) {
        self.scratch.clear();
        event.write_json(self.scratch);
        self.output.send(self.ticket, topic, self.scratch);
        self.counts.sent += 1;
    }

    pub fn send_error(&mut self, topic: &str, error: &ErrorRecord) {
        self.scratch.clear();
        host::error_event(error).write_json(self.scratch);
        self.output.send(self.ticket, topic, self.scratch);
        self.counts.errors += 1;
    }

    /// Notes that an event is left out by rule.
    pub fn drop_by_rule(&mut self) {
        self.counts.dropped += 1;
    }
}

impl Drop for Outbox<'_> {
    fn drop(&mut self) {
        if self.was_put_aside && !std::thread::panicking() {
            self.output.settle(self.ticket);
        }
    }
}

/// A stage between two topics. One worker owns one; it is called on that worker's thread only.
pub trait Transform: Send {
    /// The sensor or stage for metrics.
    fn label(&self) -> &str;

    /// Takes the configuration that the coming batch is to be treated with. False pauses the worker, because there is no
    /// configuration to work with.
    fn begin_batch(&mut self) -> bool;

    /// True when the worker has to be started again, because its topic or its Kafka settings are others now. Asked after
    /// [`Transform::begin_batch`].
    fn is_outdated(&self) -> bool {
        false
    }

    /// Forgets what a panic may have left half done of the record at hand.
    fn abandon_record(&mut self);

    fn process(&mut self, record: &InputRecord<'_>, outbox: &mut Outbox<'_>);

    /// Finishes what `process` has put aside.
    fn finish_batch(&mut self, outlet: &mut Outlet<'_>);

    /// The topic that errors go to.
    fn error_topic(&self) -> &str;

    /// Whether it is the configuration that names the output topics, and not a field of the events.
    fn has_configured_topics(&self) -> bool {
        true
    }

    /// The sensor that a failure to write is reported for.
    fn sensor(&self) -> Option<Str>;
}
/// One record that makes the stage panic must not come again for ever: it becomes an error record as others do.
pub(crate) fn process(
    transform: &mut dyn Transform,
    record: &InputRecord<'_>,
    outbox: &mut Outbox<'_>,
) {
    let outcome = catch_unwind(AssertUnwindSafe(|| transform.process(record, outbox)));
    if outcome.is_ok() {
        return;
    }
    tracing::error!(
        topic = record.topic,
        partition = record.origin.partition,
        offset = record.origin.offset,
        "the stage has panicked over a record, which is a fault; the record goes to the error topic"
    );
    transform.abandon_record();
    let cause = "the stage has panicked over the record, which is a fault of the program";
    let error = ErrorRecord::new(ErrorType::Default, transform.sensor(), cause)
        .with_raw(RawMessage::Bytes(record.value.to_vec()))
        .with_origin(record.origin.clone());
    outbox.send_error(transform.error_topic(), &error);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::ack::Tickets;
    use crate::kafka_settings::KafkaSettings;
    use crate::supervisor::Shutdown;

    /// Panics over one record only.
    struct Fragile {
        abandoned: usize,
    }

    impl Transform for Fragile {
        fn label(&self) -> &str {
            "fragile"
        }

        fn begin_batch(&mut self) -> bool {
            true
        }

        fn abandon_record(&mut self) {
            self.abandoned += 1;
        }

        fn process(&mut self, record: &InputRecord<'_>, _outbox: &mut Outbox<'_>) {
            assert!(record.value != b"poison", "on purpose");
        }

        fn finish_batch(&mut self, _outlet: &mut Outlet<'_>) {}

        fn error_topic(&self) -> &str {
            "errors"
        }

        fn sensor(&self) -> Option<Str> {
            None
        }
    }

    #[test]
    fn a_record_that_makes_the_stage_panic_becomes_an_error_record() {
        let nowhere = KafkaSettings {
            brokers: "127.0.0.1:1".to_owned(),
            ..KafkaSettings::default()
        };
        let (ticket, tickets) = (Ticket(0), Tickets::new(1));
        let producer = nowhere.producer();
        let output = Output::new(&producer, Arc::clone(&tickets), Shutdown::default()).unwrap();
        let (mut scratch, mut counts) = (Vec::new(), Counts::default());
        let mut stage = Fragile { abandoned: 0 };
        for value in [&b"sound"[..], b"poison"] {
            let record = InputRecord {
                topic: "squid",
                key: None,
                value,
                origin: Origin {
                    topic: Str::new("squid"),
                    partition: 0,
                    offset: 10,
                    record_time_ms: 0,
                    index: 0,
                },
            };
            let mut outbox = Outbox::new(&output, ticket, &mut scratch, &mut counts);
            process(&mut stage, &record, &mut outbox);
        }
        assert_eq!((stage.abandoned, counts.errors), (1, 1));
        let error: serde_json::Value = serde_json::from_slice(&scratch).unwrap();
        assert_eq!(error["raw_message"], "poison");
        assert!(!tickets.is_settled(ticket), "the error record is owed");
    }
}
