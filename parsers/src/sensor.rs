//! One sensor, compiled: from a record to events and errors.

use std::cell::OnceCell;
use std::sync::Arc;

use alidade_event::{
    ErrorRecord, ErrorType, Event, FieldName, NumberStyle, Origin, RawMessage, Str, Value, field,
};
use alidade_stellar::{ConfigProblem, Context, EvalError, Library, config_code};

use crate::config::SensorParserConfig;
use crate::filter::Filter;
use crate::given::GivenFields;
use crate::grok::PatternSource;
use crate::raw::RawReader;
use crate::regex::MatchScratch;
use crate::sensors::{self, MessageParser, Parsed, Run, Setup};
use crate::transform::{Locals, Progress, Surroundings, Transformation};
use crate::validate::GlobalParserSettings;

/// One record as it came from a topic.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// Becomes metadata where metadata are read; empty where there is none.
    pub topic: &'a str,
    pub key: Option<&'a [u8]>,
    pub value: &'a [u8],
    /// The record's place; its `index` is set for each event.
    pub origin: Origin,
}

/// What a record gave. Every record gives at least one event, error, pending event or drop.
#[derive(Debug, Default)]
pub struct ParsedRecord {
    pub events: Vec<Event>,
    pub errors: Vec<ErrorRecord>,
    /// Why something that was there became no event.
    pub dropped: Vec<DropReason>,
    /// Events that wait for a remote call.
    pub pending: Vec<PendingEvent>,
}

impl ParsedRecord {
    /// Empties the lists but keeps their memory.
    pub fn clear(&mut self) {
        self.events.clear();
        self.errors.clear();
        self.dropped.clear();
        self.pending.clear();
    }
}

/// Why input became neither event nor error. For counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DropReason {
    /// The sensor's filter does not want the event.
    Filtered,
    /// The message holds nothing.
    EmptyMessage,
    /// A blank line or a comment of a format that allows them.
    Comment,
    /// An equal part of the same record has already been reported as an error.
    RepeatedFailure,
    /// A query over the message found nothing.
    NothingSelected,
}

impl DropReason {
    pub fn as_str(self) -> &'static str {
        match self {
            DropReason::Filtered => "filtered",
            DropReason::EmptyMessage => "empty_message",
            DropReason::Comment => "comment",
            DropReason::RepeatedFailure => "repeated_failure",
            DropReason::NothingSelected => "nothing_selected",
        }
    }
}

/// An event that waits for a remote call, put aside until [`SensorParser::resume`].
#[derive(Debug, Clone)]
pub struct PendingEvent {
    event: Event,
    /// The stage to continue at.
    stage: usize,
    metadata: Event,
    origin: Origin,
    /// The record's value, for an error record. Shared by all events of the record.
    raw: Option<Arc<[u8]>>,
    original: Option<Str>,
}

impl PendingEvent {
    /// Where the event came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
}

/// Memory that parsing reuses. One per thread; it fits every sensor.
#[derive(Debug, Default)]
pub struct Scratch {
    matches: MatchScratch,
    parsed: Parsed,
    locals: Locals,
}

/// A sensor's parser, transformations, filter and validations, compiled. Shared by threads.
#[derive(Debug)]
pub struct SensorParser {
    sensor: Str,
    parser: Box<dyn MessageParser>,
    raw: RawReader,
    transformations: Vec<Transformation>,
    filter: Filter,
    global: GlobalParserSettings,
    parser_config: Event,
    warnings: Vec<ConfigProblem>,
}

/// What one event needs on its way besides the event.
struct Passage<'p> {
    metadata: &'p Event,
    origin: &'p Origin,
    raw: &'p RawValue<'p>,
    original: Option<&'p Str>,
}

/// The record's value as errors and waiting events carry it.
struct RawValue<'p> {
    value: &'p [u8],
    shared: OnceCell<Arc<[u8]>>,
    /// Errors carry the value itself. Otherwise the record holds so many messages that copies of it would not fit.
    is_carried: bool,
}

impl<'p> RawValue<'p> {
    fn new(value: &'p [u8], events: usize) -> Self {
        RawValue {
            value,
            shared: OnceCell::new(),
            is_carried: value.len().saturating_mul(events) <= sensors::MAX_COPIES,
        }
    }

    fn shared(&self) -> Option<Arc<[u8]>> {
        self.is_carried
            .then(|| Arc::clone(self.shared.get_or_init(|| Arc::from(self.value))))
    }
}

impl SensorParser {
    /// Compiles everything that a sensor's document says.
    ///
    /// # Errors
    /// Everything that is wrong with the document.
    pub fn compile(
        sensor: &str,
        config: &SensorParserConfig,
        global: &GlobalParserSettings,
        library: &Library,
        patterns: &dyn PatternSource,
    ) -> Result<SensorParser, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let parser = match config.parser_class_name.as_deref() {
            None => Err(vec![
                ConfigProblem::new("/parserClassName", "the document does not name its parser")
                    .with_code(config_code::MISSING_KEY)
                    .with_help(
                        "for example \"parserClassName\": \"org.apache.metron.parsers.GrokParser\"",
                    ),
            ]),
            Some(class_name) => sensors::build(
                class_name,
                &mut Setup {
                    settings: &config.parser_config,
                    patterns,
                    warnings: &mut warnings,
                },
            ),
        };
        let raw = RawReader::compile(config).map_err(|problem| vec![problem]);
        let filter = Filter::compile(config, library, &mut warnings);
        let mut transformations = Vec::with_capacity(config.field_transformations.len());
        for (at, entry) in config.field_transformations.iter().enumerate() {
            let path = format!("/fieldTransformations/{at}");
            match Transformation::compile(entry, &path, library, &mut warnings) {
                Ok(transformation) => transformations.push(transformation),
                Err(found) => problems.extend(found),
            }
        }
        let parser = parser.map_err(|found| problems.extend(found));
        let raw = raw.map_err(|found| problems.extend(found));
        let filter = filter.map_err(|found| problems.extend(found));
        let (Ok(parser), Ok(raw), Ok(filter), true) = (parser, raw, filter, problems.is_empty())
        else {
            return Err(problems);
        };
        let settings = config.parser_config.iter().map(|(name, value)| {
            (
                FieldName::from(name),
                Value::from_serde(value, NumberStyle::Jackson),
            )
        });
        Ok(SensorParser {
            sensor: Str::new(sensor),
            parser,
            raw,
            transformations,
            filter,
            global: global.clone(),
            parser_config: settings.collect(),
            warnings,
        })
    }

    pub fn sensor(&self) -> &str {
        &self.sensor
    }

    /// What works but is probably not meant.
    pub fn warnings(&self) -> &[ConfigProblem] {
        &self.warnings
    }

    /// The fields that an event has before its transformations, as far as the document tells.
    pub fn given_fields(&self) -> GivenFields {
        let mut given = self.parser.fields();
        // Metadata have whatever names the sender likes.
        given.is_complete &= !self.raw.reads_names();
        for name in [field::SOURCE_TYPE, field::TIMESTAMP, field::ORIGINAL_STRING] {
            given.names.push(FieldName::new_static(name));
        }
        given
    }

    /// Parses one record. Results are added to `out`; one failing part never takes another with it.
    pub fn parse(
        &self,
        record: &Record<'_>,
        scratch: &mut Scratch,
        context: &mut Context<'_>,
        out: &mut ParsedRecord,
    ) {
        let opened = match self.raw.open(record) {
            Ok(opened) => opened,
            Err(cause) => {
                let raw = RawMessage::Bytes(record.value.to_vec());
                out.errors
                    .push(self.error(cause, raw, &Event::new(), record.origin.clone()));
                return;
            }
        };
        let Scratch {
            matches,
            parsed,
            locals,
        } = scratch;
        self.parser.parse(
            &opened.message,
            &mut Run {
                now_ms: context.now_ms,
                matches,
                parsed,
            },
        );
        out.dropped.append(&mut parsed.dropped);
        let mut origin = record.origin.clone();
        let mut original = None;
        let events = parsed.events.len();
        let raw = RawValue::new(record.value, events);
        for event in parsed.events.drain(..) {
            if original.is_none() && !has_original_string(&event) {
                let text = self.parser.charset().decode(&opened.message);
                original = Some(sensors::shared_original(&text, events));
            }
            let passage = Passage {
                metadata: &opened.metadata,
                origin: &origin,
                raw: &raw,
                original: original.as_ref(),
            };
            self.finish_new(event, &passage, locals, context, out);
            origin.index = origin.index.saturating_add(1);
        }
        for failure in parsed.failures.drain(..) {
            let raw = failure
                .part
                .unwrap_or_else(|| RawMessage::Bytes(opened.message.to_vec()));
            out.errors
                .push(self.error(failure.cause, raw, &opened.metadata, origin.clone()));
            origin.index = origin.index.saturating_add(1);
        }
    }

    /// Continues an event that waited for a remote call, at the transformation that asked for it.
    pub fn resume(
        &self,
        pending: PendingEvent,
        scratch: &mut Scratch,
        context: &mut Context<'_>,
        out: &mut ParsedRecord,
    ) {
        let raw = RawValue {
            value: pending.raw.as_deref().unwrap_or_default(),
            shared: OnceCell::new(),
            is_carried: pending.raw.is_some(),
        };
        let passage = Passage {
            metadata: &pending.metadata,
            origin: &pending.origin,
            raw: &raw,
            original: pending.original.as_ref(),
        };
        self.finish(
            pending.event,
            pending.stage,
            &passage,
            &mut scratch.locals,
            context,
            out,
        );
    }

    fn error(
        &self,
        cause: String,
        raw: RawMessage,
        metadata: &Event,
        origin: Origin,
    ) -> ErrorRecord {
        let mut error = ErrorRecord::new(ErrorType::ParserError, Some(self.sensor.clone()), cause)
            .with_raw(raw)
            .with_origin(origin);
        error.metadata = owned_fields(metadata);
        error
    }

    fn finish_new(
        &self,
        mut event: Event,
        passage: &Passage<'_>,
        locals: &mut Locals,
        context: &mut Context<'_>,
        out: &mut ParsedRecord,
    ) {
        self.raw.merge(&mut event, passage.metadata);
        event.set(
            FieldName::new_static(field::SOURCE_TYPE),
            self.sensor.clone(),
        );
        self.finish(event, 0, passage, locals, context, out);
    }

    /// Takes an event from a stage (the number of a transformation; then filter and validation) to its end.
    fn finish(
        &self,
        mut event: Event,
        stage: usize,
        passage: &Passage<'_>,
        locals: &mut Locals,
        context: &mut Context<'_>,
        out: &mut ParsedRecord,
    ) {
        match self.advance(&mut event, stage, passage, locals, context, out) {
            Ok(Verdict::Emit) => out.events.push(event),
            Ok(Verdict::Settled) => {}
            Ok(Verdict::WaitAt(stage)) => out.pending.push(PendingEvent {
                event,
                stage,
                metadata: passage.metadata.clone(),
                origin: passage.origin.clone(),
                raw: passage.raw.shared(),
                original: passage.original.cloned(),
            }),
            Err(cause) => {
                let raw = match passage.raw.is_carried {
                    true => RawMessage::Bytes(passage.raw.value.to_vec()),
                    false => RawMessage::Event(event),
                };
                out.errors
                    .push(self.error(cause, raw, passage.metadata, passage.origin.clone()));
            }
        }
    }

    fn advance(
        &self,
        event: &mut Event,
        stage: usize,
        passage: &Passage<'_>,
        locals: &mut Locals,
        context: &mut Context<'_>,
        out: &mut ParsedRecord,
    ) -> Result<Verdict, String> {
        let nothing = Event::new();
        let surroundings = Surroundings {
            parser_config: &self.parser_config,
            metadata: if self.raw.merges() {
                &nothing
            } else {
                passage.metadata
            },
        };
        for (at, transformation) in self.transformations.iter().enumerate().skip(stage) {
            match transformation.apply(event, &surroundings, locals, context)? {
                Progress::Done => {}
                Progress::Pending => return Ok(Verdict::WaitAt(at)),
            }
        }
        let filter_stage = self.transformations.len();
        if !event.contains(field::GUID) {
            event.push_unchecked(
                FieldName::new_static(field::GUID),
                Value::Str(passage.origin.guid()),
            );
        }
        if let (Some(original), false) = (passage.original, has_original_string(event)) {
            event.set(field::ORIGINAL_STRING, original.clone());
        }
        if stage <= filter_stage {
            match self.filter.keeps(event, context) {
                Ok(true) => {}
                Ok(false) => {
                    out.dropped.push(DropReason::Filtered);
                    return Ok(Verdict::Settled);
                }
                Err(EvalError::Pending) => return Ok(Verdict::WaitAt(filter_stage)),
                Err(failure) => return Err(Filter::failure_text(&failure)),
            }
        }
        if !self.parser.is_valid(event) {
            out.errors.push(self.invalid(event, Vec::new(), passage));
            return Ok(Verdict::Settled);
        }
        match self.global.failing_inputs(event, context) {
            Ok(None) => Ok(Verdict::Emit),
            Ok(Some(inputs)) => {
                out.errors.push(self.invalid(event, inputs, passage));
                Ok(Verdict::Settled)
            }
            Err(EvalError::Pending) => Ok(Verdict::WaitAt(filter_stage + 1)),
            Err(failure) => Err(format!("a field validation failed: {failure}")),
        }
    }

    fn invalid(
        &self,
        event: &mut Event,
        error_fields: Vec<Str>,
        passage: &Passage<'_>,
    ) -> ErrorRecord {
        ErrorRecord {
            error_type: ErrorType::ParserInvalid,
            sensor: Some(self.sensor.clone()),
            message: None,
            cause: None,
            raw: vec![RawMessage::Event(std::mem::take(event))],
            error_fields,
            metadata: owned_fields(passage.metadata),
            origin: Some(passage.origin.clone()),
        }
    }
}

/// How far an event came.
enum Verdict {
    Emit,
    /// Dropped or reported.
    Settled,
    /// A remote call is asked for at this stage.
    WaitAt(usize),
}

fn has_original_string(event: &Event) -> bool {
    event
        .get(field::ORIGINAL_STRING)
        .is_some_and(|value| !value.is_null())
}

fn owned_fields(event: &Event) -> Vec<(FieldName, Value)> {
    event
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
