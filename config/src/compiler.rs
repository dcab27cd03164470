use std::fmt::Display;
use std::sync::Arc;

use alidade_enrichment::{Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_event::{NumberStyle, Value};
use alidade_parsers::{GlobalParserSettings, PatternSource, SensorParser, SensorParserConfig};
use alidade_stellar::{ConfigProblem, Library, Severity, check_budget, config_code};
use serde_json::{Map, Value as Json};

use crate::explain::severity_of;
use crate::json::JsonDocument;
use crate::profiler::ProfilerConfig;
use crate::snapshot::{EnrichmentEntry, GlobalEntry, IndexingEntry, ParserEntry, ProfilerEntry};
use crate::{DocumentId, Problem, RawDocument};

/// A further check of documents, for parts of the system that this crate does not know, such as the writers.
pub trait ExtraValidator: Send + Sync {
    /// The problems of one document that is already known to be a JSON object. An error among them refuses it.
    fn validate(&self, document: &DocumentId, members: &Map<String, Json>) -> Vec<ConfigProblem>;
}

/// What documents are compiled with. Cheap to clone.
#[derive(Clone)]
pub struct Compiler {
    library: Library,
    patterns: Arc<dyn PatternSource + Send + Sync>,
    enrichment: EnrichmentSettings,
    extra: Option<Arc<dyn ExtraValidator>>,
}

impl Compiler {
    /// `patterns` is asked for pattern files that do not stand beside the documents.
    pub fn new(library: Library, patterns: Arc<dyn PatternSource + Send + Sync>) -> Compiler {
        Compiler {
            library,
            patterns,
            enrichment: EnrichmentSettings::default(),
            extra: None,
        }
    }

    /// What the enrichment adapters know besides the documents.
    pub fn with_enrichment_settings(mut self, settings: EnrichmentSettings) -> Compiler {
        self.enrichment = settings;
        self
    }

    pub fn with_extra_validator(mut self, extra: Arc<dyn ExtraValidator>) -> Compiler {
        self.extra = Some(extra);
        self
    }

    pub(crate) fn library(&self) -> &Library {
        &self.library
    }

    pub(crate) fn patterns(&self) -> &(dyn PatternSource + Send + Sync) {
        &*self.patterns
    }

    /// The global document; without one, an empty one.
    pub(crate) fn global(&self, source: Option<&RawDocument>) -> Result<GlobalEntry, Vec<Problem>> {
        let Some(raw) = source else {
            return self.global_of(Map::new(), None, Vec::new());
        };
        let document = parse(&DocumentId::Global, raw)?;
        let extra = self.check_extra(&DocumentId::Global, &document)?;
        let warnings = warnings(&document, extra);
        self.global_of(document.members().clone(), Some(&document), warnings)
            .map(|entry| GlobalEntry {
                source: Some(raw.clone()),
                ..entry
            })
    }

    fn global_of(
        &self,
        members: Map<String, Json>,
        document: Option<&JsonDocument>,
        warnings: Vec<Problem>,
    ) -> Result<GlobalEntry, Vec<Problem>> {
        let json = Json::Object(members.clone());
        let value = Value::from_serde(&json, NumberStyle::Jackson);
        if let Some(problem) = check_budget(&value) {
            return Err(placed(document, &DocumentId::Global, vec![problem]));
        }
        let settings = GlobalParserSettings::compile(&json, &self.library)
            .map_err(|problems| placed(document, &DocumentId::Global, problems))?;
        Ok(GlobalEntry {
            value,
            members,
            settings,
            warnings,
            source: None,
        })
    }

    pub(crate) fn parser(
        &self,
        id: &DocumentId,
        raw: &RawDocument,
        global: &GlobalEntry,
        patterns: &dyn PatternSource,
    ) -> Result<ParserEntry, Vec<Problem>> {
        let document = parse(id, raw)?;
        let config: SensorParserConfig = typed(&document)?;
        let sensor = id.short_name();
        let parser =
            SensorParser::compile(sensor, &config, &global.settings, &self.library, patterns)
                .map_err(|problems| placed(Some(&document), id, problems))?;
        let mut found = parser.warnings().to_vec();
        found.extend(self.check_extra(id, &document)?);
        Ok(ParserEntry {
            sensor: sensor.to_owned(),
            config,
            parser,
            warnings: warnings(&document, found),
            source: raw.clone(),
        })
    }

    pub(crate) fn enrichment(
        &self,
        id: &DocumentId,
        raw: &RawDocument,
    ) -> Result<EnrichmentEntry, Vec<Problem>> {
        let document = parse(id, raw)?;
        let config: SensorEnrichmentConfig = typed(&document)?;
        let sensor = id.short_name();
        let enricher = Enricher::compile(sensor, &config, &self.enrichment, &self.library)
            .map_err(|problems| placed(Some(&document), id, problems))?;
        let mut found = enricher.warnings().to_vec();
        found.extend(self.check_extra(id, &document)?);
        Ok(EnrichmentEntry {
            sensor: sensor.to_owned(),
            config,
            enricher,
            warnings: warnings(&document, found),
            source: raw.clone(),
        })
    }

    pub(crate) fn indexing(
        &self,
        id: &DocumentId,
        raw: &RawDocument,
    ) -> Result<IndexingEntry, Vec<Problem>> {
        let document = parse(id, raw)?;
        check_indexing_shape(&document)?;
        let found = self.check_extra(id, &document)?;
        Ok(IndexingEntry {
            sensor: id.short_name().to_owned(),
            warnings: warnings(&document, found),
            writers: document.into_members(),
            source: raw.clone(),
        })
    }

    pub(crate) fn profiler(&self, raw: &RawDocument) -> Result<ProfilerEntry, Vec<Problem>> {
        let document = parse(&DocumentId::Profiler, raw)?;
        typed::<ProfilerConfig>(&document)?;
        let found = self.check_extra(&DocumentId::Profiler, &document)?;
        Ok(ProfilerEntry {
            warnings: warnings(&document, found),
            members: document.into_members(),
            source: raw.clone(),
        })
    }

    /// The warnings of the further check.
    fn check_extra(
        &self,
        id: &DocumentId,
        document: &JsonDocument,
    ) -> Result<Vec<ConfigProblem>, Vec<Problem>> {
        let Some(extra) = &self.extra else {
            return Ok(Vec::new());
        };
        let problems = extra.validate(id, document.members());
        if problems
            .iter()
            .all(|problem| problem.severity == Severity::Warning)
        {
            return Ok(problems);
        }
        Err(placed(Some(document), id, problems))
    }
}

/// Checks the shape of a document as upstream does when it loads one: JSON, known fields, right types. Expressions are not
/// compiled.
pub(crate) fn check_shape(id: &DocumentId, raw: &RawDocument) -> Result<(), Vec<Problem>> {
    let document = parse(id, raw)?;
    match id {
        DocumentId::Global => Ok(()),
        DocumentId::Parser(_) => typed::<SensorParserConfig>(&document).map(drop),
        DocumentId::Enrichment(_) => typed::<SensorEnrichmentConfig>(&document).map(drop),
        DocumentId::Indexing(_) => check_indexing_shape(&document),
        DocumentId::Profiler => typed::<ProfilerConfig>(&document).map(drop),
    }
}

fn check_indexing_shape(document: &JsonDocument) -> Result<(), Vec<Problem>> {
    let wrong = document
        .members()
        .iter()
        .filter(|(_, settings)| !settings.is_object());
    let problems: Vec<Problem> = wrong
        .map(|(writer, _)| {
            let pointer = format!("/{}", writer.replace('~', "~0").replace('/', "~1"));
            let message = format!("the settings of the writer {writer:?} must be an object");
            document
                .problem_at(&pointer, None, config_code::WRONG_TYPE, message)
                .with_help("write for example {\"batchSize\": 5, \"enabled\": true}")
        })
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(problems)
}

fn parse(id: &DocumentId, raw: &RawDocument) -> Result<JsonDocument, Vec<Problem>> {
    JsonDocument::parse(id, &raw.bytes).map_err(|problem| vec![*problem])
}

fn typed<T: serde::de::DeserializeOwned>(document: &JsonDocument) -> Result<T, Vec<Problem>> {
    document.typed().map_err(|problem| vec![*problem])
}

/// The reader's and the compiler's warnings about a document that is in force.
fn warnings(document: &JsonDocument, found: Vec<ConfigProblem>) -> Vec<Problem> {
    let mut warnings = document.warnings();
    let found = placed(Some(document), document.name(), found);
    warnings.extend(found.into_iter().map(Problem::as_warning));
    warnings
}

/// Problems of a compiler, put at their places in the document.
fn placed(
    document: Option<&JsonDocument>,
    id: impl Display,
    problems: Vec<ConfigProblem>,
) -> Vec<Problem> {
    let place = |problem: ConfigProblem| {
        let ConfigProblem {
            code,
            severity,
            path,
            span,
            message,
            label,
            help,
        } = problem;
        let mut placed = match document {
            Some(document) => document.problem_at(&path, span, code, message),
            None => Problem::error(&id, code, message).with_pointer(path),
        };
        placed.severity = severity_of(severity);
        if !label.is_empty() {
            placed.label = label;
        }
        let about_expressions = || {
            alidade_stellar::explain(code)
                .map(|_| format!("`alidade explain {code}` shows how it is written"))
        };
        placed.help = help.or(placed.help).or_else(about_expressions);
        placed
    };
    problems.into_iter().map(place).collect()
}
