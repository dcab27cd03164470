use std::time::Duration;

use alidade_event::{Str, Value, field};
use jiff::tz::TimeZone;

use crate::{DateFormat, FieldNameConverter, GlobalIndexingSettings, OutputPath, Pending};

/// The kinds of stores, named as the sections of an indexing document name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WriterKind {
    Elasticsearch,
    Solr,
    Hdfs,
    Kafka,
    /// The index inside the process. Follows the `elasticsearch` section unless there is a `local` one.
    Local,
}

impl WriterKind {
    pub fn section(self) -> &'static str {
        match self {
            WriterKind::Elasticsearch => "elasticsearch",
            WriterKind::Solr => "solr",
            WriterKind::Hdfs => "hdfs",
            WriterKind::Kafka => "kafka",
            WriterKind::Local => "local",
        }
    }
}

/// Which moment gives the date in an index name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IndexDate {
    /// The wall clock at the first attempt to write, as upstream has it.
    #[default]
    Flush,
    /// The timestamp of the Kafka record: a replay reaches the same index even in another hour.
    Record,
    /// The event's own `timestamp`; the wall clock where it has none.
    Event,
}

impl IndexDate {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name.trim().to_ascii_lowercase().as_str() {
            "flush" => Some(IndexDate::Flush),
            "record" => Some(IndexDate::Record),
            "event" => Some(IndexDate::Event),
            _ => None,
        }
    }
}

/// The settings of one writer for one sensor, with every default filled in.
#[derive(Debug, Clone)]
pub struct WriterSettings {
    /// False: consume and acknowledge, write nothing.
    pub enabled: bool,
    /// Base name of the index, or the collection. Not used by HDFS.
    pub index: Str,
    /// Items that make a batch due; 1 writes at once.
    pub batch_size: usize,
    /// How old a batch may become; zero stands for [`WriterSettings::DEFAULT_LINGER`].
    pub batch_timeout: Duration,
    pub field_names: FieldNameConverter,
    /// Whether the document id is the guid, so that a replay overwrites.
    pub set_document_id: bool,
    pub index_date: IndexDate,
    /// The folder below the root; nothing stands for the sensor's name. HDFS only.
    pub output_path: Option<OutputPath>,
    /// Nobody has configured this writer for this sensor.
    pub is_default: bool,
}

impl WriterSettings {
    /// How long a batch waits to fill where no time-out is configured.
    pub const DEFAULT_LINGER: Duration = Duration::from_secs(1);

    /// What holds for a sensor that has no section for the writer.
    pub fn default_for(sensor: &str, global: &GlobalIndexingSettings) -> Self {
        WriterSettings {
            enabled: true,
            index: sensor.into(),
            batch_size: 1,
            batch_timeout: Duration::ZERO,
            field_names: FieldNameConverter::Dedot,
            set_document_id: global.elasticsearch.set_document_id,
            index_date: IndexDate::Flush,
            output_path: None,
            is_default: true,
        }
    }

    /// How long a batch waits to fill.
    pub fn linger(&self) -> Duration {
        if self.batch_timeout.is_zero() {
            return Self::DEFAULT_LINGER;
        }
        self.batch_timeout
    }

    /// The moment that dates an item's index, in epoch milliseconds.
    pub fn index_time_ms(&self, pending: &Pending) -> i64 {
        match self.index_date {
            IndexDate::Flush => pending.first_tried_ms,
            IndexDate::Record if pending.item.origin.record_time_ms > 0 => {
                pending.item.origin.record_time_ms
            }
            IndexDate::Record => pending.first_tried_ms,
            IndexDate::Event => event_time_ms(pending.item.event.get(field::TIMESTAMP))
                .unwrap_or(pending.first_tried_ms),
        }
    }

    /// Name of the index that an item goes to: `<index>_index_<date>`.
    pub fn index_name(&self, time_ms: i64, format: &DateFormat) -> String {
        format!("{}_index_{}", self.index, format.format(time_ms))
    }
}

/// A timestamp that jiff can show as a date.
fn event_time_ms(value: Option<&Value>) -> Option<i64> {
    let millis = match value? {
        Value::Str(text) => text.trim().parse().ok()?,
        other => other.as_i64()?,
    };
    jiff::Timestamp::from_millisecond(millis)
        .ok()
        .map(|timestamp| {
            timestamp
                .to_zoned(TimeZone::UTC)
                .timestamp()
                .as_millisecond()
        })
}
