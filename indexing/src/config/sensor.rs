use std::sync::Arc;
use std::time::Duration;

use alidade_event::{NumberStyle, Value, read_value};
use alidade_stellar::{ConfigProblem, Library};

use super::coerce::{Section, shown};
use super::settings::IndexDate;
use crate::{FieldNameConverter, GlobalIndexingSettings, OutputPath, WriterKind, WriterSettings};

/// The indexing document of one sensor: a free-form map from writer to section. Upstream: `IndexingConfigurations`.
///
/// Unknown writers and unknown keys are ignored, scalars are coerced, everything has a default: `{}` is a complete
/// document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct IndexingConfig(Value);

impl IndexingConfig {
    /// Takes a document that has been read already.
    pub fn from_value(document: Value) -> Self {
        IndexingConfig(document)
    }

    /// Reads a document.
    ///
    /// # Errors
    /// When the bytes are not JSON.
    pub fn from_json(bytes: &[u8]) -> Result<Self, ConfigProblem> {
        read_value(bytes, NumberStyle::Jackson)
            .map(IndexingConfig)
            .map_err(|error| ConfigProblem::new("", format!("not a JSON document: {error}")))
    }

    /// The typed settings of every writer.
    ///
    /// # Errors
    /// Every value that cannot be coerced, and every expression that does not compile.
    pub fn compile(
        &self,
        sensor: &str,
        global: &GlobalIndexingSettings,
        library: &Library,
    ) -> Result<SensorIndexing, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let document = match &self.0 {
            Value::Map(_) | Value::Null => &self.0,
            other => {
                let message = format!("the document is a {}, not an object", other.type_name());
                return Err(vec![ConfigProblem::new("", message)]);
            }
        };
        let mut compiler = Compiler {
            document,
            sensor,
            global,
            library,
            problems: &mut problems,
        };
        let elasticsearch = compiler.writer(WriterKind::Elasticsearch);
        let local = compiler.local(&elasticsearch);
        let compiled = SensorIndexing {
            solr: compiler.writer(WriterKind::Solr),
            hdfs: compiler.writer(WriterKind::Hdfs),
            kafka: compiler.writer(WriterKind::Kafka),
            elasticsearch,
            local,
        };
        if problems.is_empty() {
            return Ok(compiled);
        }
        Err(problems)
    }
}

/// The settings of one sensor for every writer.
#[derive(Debug, Clone)]
pub struct SensorIndexing {
    elasticsearch: Arc<WriterSettings>,
    solr: Arc<WriterSettings>,
    hdfs: Arc<WriterSettings>,
    kafka: Arc<WriterSettings>,
    local: Arc<WriterSettings>,
}

impl SensorIndexing {
    /// What holds for a sensor without a document.
    pub fn default_for(sensor: &str, global: &GlobalIndexingSettings) -> Self {
        let settings = Arc::new(WriterSettings::default_for(sensor, global));
        SensorIndexing {
            elasticsearch: Arc::clone(&settings),
            solr: Arc::clone(&settings),
            hdfs: Arc::clone(&settings),
            kafka: Arc::clone(&settings),
            local: settings,
        }
    }

    pub fn settings(&self, writer: WriterKind) -> &Arc<WriterSettings> {
        match writer {
            WriterKind::Elasticsearch => &self.elasticsearch,
            WriterKind::Solr => &self.solr,
            WriterKind::Hdfs => &self.hdfs,
            WriterKind::Kafka => &self.kafka,
            WriterKind::Local => &self.local,
        }
    }
}

struct Compiler<'a> {
    document: &'a Value,
    sensor: &'a str,
    global: &'a GlobalIndexingSettings,
    library: &'a Library,
    problems: &'a mut Vec<ConfigProblem>,
}

impl<'a> Compiler<'a> {
    fn section_value(&self, name: &str) -> Option<&'a Value> {
        match self.document {
            Value::Map(map) => map.get_str(name),
            _ => None,
        }
    }

    fn local(&mut self, elasticsearch: &Arc<WriterSettings>) -> Arc<WriterSettings> {
        match self.section_value(WriterKind::Local.section()) {
            None | Some(Value::Null) => Arc::clone(elasticsearch),
            Some(_) => self.writer(WriterKind::Local),
        }
    }

    fn writer(&mut self, kind: WriterKind) -> Arc<WriterSettings> {
        let mut settings = WriterSettings::default_for(self.sensor, self.global);
        let value = self.section_value(kind.section());
        let mut section = Section::new(value, format!("/{}", kind.section()), self.problems);
        if !section.is_present() {
            return Arc::new(settings);
        }
        settings.is_default = false;
        if let Some(enabled) = section.flag("enabled") {
            settings.enabled = enabled;
        }
        if let Some(index) = section.text("index") {
            settings.index = index;
        }
        if let Some(size) = section.count("batchSize") {
            settings.batch_size = usize::try_from(size).unwrap_or(usize::MAX).max(1);
        }
        if let Some(seconds) = section.count("batchTimeout") {
            settings.batch_timeout = Duration::from_secs(seconds.min(MAX_TIMEOUT_SECONDS));
        }
        match kind {
            WriterKind::Elasticsearch | WriterKind::Local => {
                read_index_keys(&mut section, &mut settings, self.sensor);
            }
            WriterKind::Solr if settings.index.is_empty() => {
                settings.index = self.global.solr.default_collection.clone();
            }
            WriterKind::Hdfs => read_output_path(&mut section, &mut settings, self.library),
            WriterKind::Solr | WriterKind::Kafka => {}
        }
        Arc::new(settings)
    }
}

/// A batch never waits longer than an hour: its events would be neither in the index nor acknowledged.
const MAX_TIMEOUT_SECONDS: u64 = 3_600;

fn read_index_keys(section: &mut Section<'_>, settings: &mut WriterSettings, sensor: &str) {
    if let Some(name) = section
        .text("fieldNameConverter")
        .filter(|name| !name.is_empty())
    {
        match FieldNameConverter::from_name(&name) {
            Some(converter) => settings.field_names = converter,
            // Upstream goes on with DEDOT as well; a document that worked there is not refused here.
            None => tracing::warn!(
                sensor,
                fieldNameConverter = name.as_str(),
                "unknown field name converter, DEDOT is used; DEDOT and NOOP are known"
            ),
        }
    }
    if let Some(set) = section.flag("setDocumentId") {
        settings.set_document_id = set;
    }
    if let Some(name) = section.text("indexDate") {
        match IndexDate::from_name(&name) {
            Some(date) => settings.index_date = date,
            None => section.problem(
                "indexDate",
                format!("{} is not a kind of date", shown(&Value::Str(name))),
                "write \"flush\" (when it is written), \"record\" (the time of the Kafka record) or \"event\" \
                 (the event's timestamp)",
            ),
        }
    }
}

fn read_output_path(section: &mut Section<'_>, settings: &mut WriterSettings, library: &Library) {
    let Some(source) = section.text("outputPathFunction") else {
        return;
    };
    match OutputPath::compile(&source, &section.pointer("outputPathFunction"), library) {
        Ok(path) => settings.output_path = path,
        Err(found) => found.into_iter().for_each(|problem| section.note(problem)),
    }
}
