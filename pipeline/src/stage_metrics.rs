//! Counters of a worker, added once per batch.

use std::time::Duration;

use metrics::{Counter, Histogram, counter, histogram};

use crate::transform::Counts;

/// Names of the metrics of the stages.
pub mod name {
    pub const RECORDS_READ: &str = "alidade_stage_records_read_total";
    pub const BYTES_READ: &str = "alidade_stage_bytes_read_total";
    pub const EVENTS_SENT: &str = "alidade_stage_events_sent_total";
    pub const ERRORS_SENT: &str = "alidade_stage_errors_sent_total";
    pub const EVENTS_DROPPED: &str = "alidade_stage_events_dropped_by_rule_total";
    pub const RECORDS_REFUSED: &str = "alidade_stage_records_refused_total";
    pub const BATCH_SECONDS: &str = "alidade_stage_batch_seconds";
    pub const WORKER_RESTARTS: &str = "alidade_stage_worker_restarts_total";
}

pub(crate) struct StageMetrics {
    read: Counter,
    read_bytes: Counter,
    sent: Counter,
    errors: Counter,
    dropped: Counter,
    refused: Counter,
    batch_seconds: Histogram,
}

impl StageMetrics {
    pub(crate) fn new(stage: &'static str, sensor: &str) -> Self {
        let sensor = sensor.to_owned();
        StageMetrics {
            read: counter!(name::RECORDS_READ, "stage" => stage, "sensor" => sensor.clone()),
            read_bytes: counter!(name::BYTES_READ, "stage" => stage, "sensor" => sensor.clone()),
            sent: counter!(name::EVENTS_SENT, "stage" => stage, "sensor" => sensor.clone()),
            errors: counter!(name::ERRORS_SENT, "stage" => stage, "sensor" => sensor.clone()),
            dropped: counter!(name::EVENTS_DROPPED, "stage" => stage, "sensor" => sensor.clone()),
            refused: counter!(name::RECORDS_REFUSED, "stage" => stage, "sensor" => sensor.clone()),
            batch_seconds: histogram!(name::BATCH_SECONDS, "stage" => stage, "sensor" => sensor),
        }
    }

    pub(crate) fn batch(&self, counts: &Counts, took: Duration) {
        if counts.read == 0 {
            return;
        }
        self.read.increment(counts.read);
        self.read_bytes.increment(counts.read_bytes);
        self.sent.increment(counts.sent);
        self.errors.increment(counts.errors);
        self.dropped.increment(counts.dropped);
        self.batch_seconds.record(took.as_secs_f64());
    }

    pub(crate) fn refused(&self) {
        self.refused.increment(1);
    }
}
