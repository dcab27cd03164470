use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use alidade_enrichment::{Enricher, SensorEnrichmentConfig};
use alidade_event::Value;
use alidade_parsers::{GlobalParserSettings, SensorParser, SensorParserConfig};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::{DocumentId, Problem, RawDocument};

/// Everything that is configured at one moment, compiled and never changed: a batch that holds a snapshot sees one
/// consistent configuration from its first event to its last.
///
/// Parts that did not change from one snapshot to the next are the same `Arc`.
#[derive(Clone)]
pub struct Snapshot {
    /// Counts the snapshots of this process whose parts differ, from 1.
    pub version: u64,
    /// The stored version of each document that is in force: the mzxid in ZooKeeper, the time in microseconds of a file.
    pub applied: BTreeMap<DocumentId, i64>,
    pub global: Arc<GlobalEntry>,
    /// Compiled parsers by sensor. A sensor whose document was never valid is missing here and has a refusal.
    pub parsers: BTreeMap<String, Arc<ParserEntry>>,
    pub enrichments: BTreeMap<String, Arc<EnrichmentEntry>>,
    /// A sensor without a document is indexed with the defaults.
    pub indexing: BTreeMap<String, Arc<IndexingEntry>>,
    /// Only checked and handed on.
    pub profiler: Option<Arc<ProfilerEntry>>,
    /// Documents whose stored version is not in force, and why.
    pub refusals: BTreeMap<DocumentId, Arc<Refusal>>,
    pub(crate) patterns: BTreeMap<String, Arc<[u8]>>,
}

impl Snapshot {
    pub fn parser(&self, sensor: &str) -> Option<&Arc<ParserEntry>> {
        self.parsers.get(sensor)
    }

    pub fn enrichment(&self, sensor: &str) -> Option<&Arc<EnrichmentEntry>> {
        self.enrichments.get(sensor)
    }

    pub fn indexing(&self, sensor: &str) -> Option<&Arc<IndexingEntry>> {
        self.indexing.get(sensor)
    }

    /// The greatest version of any document in force; 0 when there is none.
    pub fn revision(&self) -> i64 {
        self.applied.values().copied().max().unwrap_or(0)
    }

    /// What is legal but probably not meant, in the documents in force.
    pub fn warnings(&self) -> impl Iterator<Item = &Problem> {
        let global = self.global.warnings.iter();
        let parsers = self.parsers.values().flat_map(|entry| &entry.warnings);
        let enrichments = self.enrichments.values().flat_map(|entry| &entry.warnings);
        let indexing = self.indexing.values().flat_map(|entry| &entry.warnings);
        let profiler = self.profiler.iter().flat_map(|entry| &entry.warnings);
        global
            .chain(parsers)
            .chain(enrichments)
            .chain(indexing)
            .chain(profiler)
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Snapshot")
            .field("version", &self.version)
            .field("applied", &self.applied)
            .field("refusals", &self.refusals)
            .finish_non_exhaustive()
    }
}

/// A stored document that is not in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Refusal {
    pub document: DocumentId,
    pub problems: Vec<Problem>,
    /// When it was first refused.
    #[serde(serialize_with = "epoch_millis", rename = "at_ms")]
    pub at: SystemTime,
    /// The version that was refused.
    pub version: i64,
    /// The version that stays in force instead; nothing if there never was a valid one.
    pub kept_version: Option<i64>,
    /// The refused text; nothing if it could not be read.
    #[serde(skip)]
    pub(crate) source: Option<RawDocument>,
}

fn epoch_millis<S: Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    serializer.serialize_u64(u64::try_from(millis).unwrap_or(u64::MAX))
}

/// The global document.
pub struct GlobalEntry {
    /// As a map for Stellar.
    pub value: Value,
    /// As JSON, for the parts that read their own settings.
    pub members: Map<String, Json>,
    /// The compiled `fieldValidations`.
    pub settings: GlobalParserSettings,
    pub warnings: Vec<Problem>,
    pub(crate) source: Option<RawDocument>,
}

impl GlobalEntry {
    /// A setting that is text.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key).and_then(Json::as_str)
    }

    /// `parser.error.topic`: where parser errors go unless the sensor says otherwise.
    pub fn parser_error_topic(&self) -> Option<&str> {
        self.text("parser.error.topic")
    }
}

/// The parser document of one sensor.
pub struct ParserEntry {
    pub sensor: String,
    pub config: SensorParserConfig,
    pub parser: SensorParser,
    pub warnings: Vec<Problem>,
    pub(crate) source: RawDocument,
}

/// The enrichment document of one sensor.
pub struct EnrichmentEntry {
    pub sensor: String,
    pub config: SensorEnrichmentConfig,
    pub enricher: Enricher,
    pub warnings: Vec<Problem>,
    pub(crate) source: RawDocument,
}

/// The indexing document of one sensor: writer name to settings, typed by the writers.
pub struct IndexingEntry {
    pub sensor: String,
    pub writers: Map<String, Json>,
    pub warnings: Vec<Problem>,
    pub(crate) source: RawDocument,
}

/// The profiler document. Its shape is checked; nothing runs it.
pub struct ProfilerEntry {
    pub members: Map<String, Json>,
    pub warnings: Vec<Problem>,
    pub(crate) source: RawDocument,
}

/// A compiled document that knows what it was compiled from.
pub(crate) trait Entry {
    fn source(&self) -> &RawDocument;
}

impl Entry for ParserEntry {
    fn source(&self) -> &RawDocument {
        &self.source
    }
}

impl Entry for EnrichmentEntry {
    fn source(&self) -> &RawDocument {
        &self.source
    }
}

impl Entry for IndexingEntry {
    fn source(&self) -> &RawDocument {
        &self.source
    }
}

impl Entry for ProfilerEntry {
    fn source(&self) -> &RawDocument {
        &self.source
    }
}
