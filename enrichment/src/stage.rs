use alidade_event::{ErrorRecord, ErrorType, Event, FieldName, Map, RawMessage, Str, Value, field};
use alidade_stellar::Context;
use alidade_triage::Waiting;

use crate::group::{Group, Variables};
use crate::lookup::FieldUnit;
use crate::stamp::{ENRICH_BEGIN, ENRICH_END, SPLITTER_BEGIN, SPLITTER_END, stamp};

/// Fields that a stage adds to the event, in the order in which they are put.
pub(crate) type Additions = Vec<(FieldName, Value)>;

/// One of the two stages, compiled.
pub(crate) struct Stage {
    pub(crate) kind: StageKind,
    pub(crate) adapters: Vec<Adapter>,
    /// Parts of the configuration that cannot run: each gives every event an error record.
    pub(crate) broken: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StageKind {
    Enrichment,
    ThreatIntel,
}

pub(crate) struct Adapter {
    /// The name in the `fieldMap`.
    pub(crate) id: String,
    /// Names of the adapter's timing fields.
    pub(crate) begin: FieldName,
    pub(crate) end: FieldName,
    pub(crate) units: Vec<Unit>,
}

/// What an adapter does in one go: it succeeds or fails as a whole.
pub(crate) enum Unit {
    Group(Group),
    Field(FieldUnit),
}

/// Whether a unit had anything to do.
pub(crate) enum Ran {
    Nothing,
    Done,
}

/// Why a unit added nothing.
pub(crate) enum UnitError {
    Waiting,
    Failed(String),
}

impl StageKind {
    /// The word that begins the names of the fields that adapters add.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            StageKind::Enrichment => "enrichments",
            StageKind::ThreatIntel => "threatintels",
        }
    }

    pub(crate) fn error_type(self) -> ErrorType {
        match self {
            StageKind::Enrichment => ErrorType::EnrichmentError,
            StageKind::ThreatIntel => ErrorType::ThreatIntelError,
        }
    }

    /// The name in upstream's error messages.
    fn title(self) -> &'static str {
        match self {
            StageKind::Enrichment => "ENRICHMENT",
            StageKind::ThreatIntel => "THREAT_INTEL",
        }
    }
}

impl Unit {
    fn run(
        &self,
        message: &Event,
        variables: &Variables,
        context: &mut Context<'_>,
        out: &mut Additions,
    ) -> Result<Ran, UnitError> {
        match self {
            Unit::Field(unit) => unit.run(message, context, out),
            Unit::Group(group) => {
                group.run(message, variables, context, out)?;
                Ok(Ran::Done)
            }
        }
    }

    /// The unit as upstream shows it in an error: its key and value, and the sensor.
    fn as_event(&self, message: &Event) -> Event {
        let (key, value) = match self {
            Unit::Field(unit) => {
                let value = message.get(&unit.field).cloned().unwrap_or_default();
                (unit.key.clone(), value)
            }
            Unit::Group(group) => (group.name.clone(), group.part(message)),
        };
        let mut event = Event::with_capacity(2);
        event.set(key, value);
        if let Some(sensor) = message.get(field::SOURCE_TYPE) {
            event.set(field::SOURCE_TYPE, sensor.clone());
        }
        event
    }
}

impl Stage {
    /// Whether the stage has nothing to do but to write the time.
    pub(crate) fn is_idle(&self) -> bool {
        self.adapters.is_empty() && self.broken.is_empty()
    }

    pub(crate) fn has_remote_calls(&self) -> bool {
        let mut units = self.adapters.iter().flat_map(|adapter| &adapter.units);
        units.any(|unit| matches!(unit, Unit::Group(group) if group.has_remote_calls()))
    }

    /// Runs every unit on the event as it is, then puts all results into it.
    ///
    /// Once any unit has run, all fields that are null or empty text leave the event, as upstream has it.
    ///
    /// # Errors
    /// [`Waiting`]; the event and `errors` may have changed by then.
    pub(crate) fn run(
        &self,
        sensor: &Str,
        event: &mut Event,
        variables: &Variables,
        context: &mut Context<'_>,
        errors: &mut Vec<ErrorRecord>,
    ) -> Result<(), Waiting> {
        let now = stamp(context.now_ms);
        event.set(SPLITTER_BEGIN, now.clone());
        for why in &self.broken {
            let error =
                ErrorRecord::new(self.kind.error_type(), Some(sensor.clone()), why.as_str());
            errors.push(error.with_raw(RawMessage::Event(event.clone())));
        }
        let mut additions = Additions::new();
        let mut has_run = false;
        for adapter in &self.adapters {
            additions.push((adapter.begin.clone(), now.clone()));
            for unit in &adapter.units {
                let mark = additions.len();
                match unit.run(event, variables, context, &mut additions) {
                    Ok(ran) => {
                        additions.push((adapter.end.clone(), now.clone()));
                        has_run |= matches!(ran, Ran::Done);
                    }
                    Err(UnitError::Waiting) => return Err(Waiting),
                    Err(UnitError::Failed(cause)) => {
                        additions.truncate(mark);
                        has_run = true;
                        errors.push(self.failure(sensor, adapter, unit, &cause, event));
                    }
                }
            }
        }
        event.set(SPLITTER_END, now.clone());
        event.set(ENRICH_BEGIN, now.clone());
        for (name, value) in additions {
            event.set(name, value);
        }
        if has_run {
            event.retain(|_, value| !is_empty(value));
        }
        event.set(ENRICH_END, now);
        Ok(())
    }

    fn failure(
        &self,
        sensor: &Str,
        adapter: &Adapter,
        unit: &Unit,
        cause: &str,
        message: &Event,
    ) -> ErrorRecord {
        let text = format!(
            "{} error with {} failed: {cause}",
            self.kind.title(),
            adapter.id
        );
        ErrorRecord::new(self.kind.error_type(), Some(sensor.clone()), text)
            .with_raw(RawMessage::Event(unit.as_event(message)))
    }
}

/// Null or a text without characters.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Str(text) => text.is_empty(),
        _ => false,
    }
}

/// The entries of a JSON object as fields.
pub(crate) fn fields_of(object: &serde_json::Map<String, serde_json::Value>) -> Event {
    object
        .iter()
        .map(|(name, value)| {
            let value = Value::from_serde(value, alidade_event::NumberStyle::Jackson);
            (FieldName::new(name), value)
        })
        .collect()
}

/// The entries of a JSON object as a map of the store.
pub(crate) fn row_of(object: &serde_json::Map<String, serde_json::Value>) -> Map {
    object
        .iter()
        .map(|(name, value)| {
            let value = Value::from_serde(value, alidade_event::NumberStyle::Jackson);
            (Value::str(name), value)
        })
        .collect()
}
