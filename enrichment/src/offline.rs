//! Enrichment of single messages without a pipeline, as the command line offers it.

use std::sync::{Arc, OnceLock};
use std::time::{SystemTime, UNIX_EPOCH};

use alidade_event::{ErrorRecord, ErrorType, Event, NumberStyle, RawMessage, Value};
use alidade_stellar::{ConfigProblem, Context, Library, NoRemote};
use serde_json::{Value as Json, json};

use crate::stage::row_of;
use crate::{
    EnrichOutcome, Enricher, EnrichmentSettings, MemoryStore, SensorEnrichmentConfig, Table,
};

/// Enriches one message.
///
/// `input` has `config` (a sensor's enrichment configuration) and `message`, and may have `global` (the global
/// configuration) and `hbase` (rows `{type, indicator, metadata}` of the tables `enrichment` and `threatintel`). The
/// answer has `message`, and `errors` if there are any; where the configuration cannot even be read, `config_error`
/// alone. Broken parts of a readable configuration are skipped: each that the message reaches is one of the `errors`, and
/// all are listed under `config_problems`. Remote calls give null.
pub fn enrich_case(input: &Json) -> Json {
    match answer(input) {
        Ok(answer) => answer,
        Err(problem) => json!({"config_error": problem}),
    }
}

fn answer(input: &Json) -> Result<Json, String> {
    let config = input
        .get("config")
        .ok_or("`config` is missing: give the sensor's enrichment configuration")?;
    let config: SensorEnrichmentConfig = serde_json::from_value(config.clone())
        .map_err(|error| format!("the enrichment configuration cannot be read: {error}"))?;
    let message = input
        .get("message")
        .and_then(Json::as_object)
        .ok_or("`message` is missing or is not an object")?;
    let mut event: Event = message
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().into(),
                Value::from_serde(value, NumberStyle::Simple),
            )
        })
        .collect();
    let sensor = event.get_str("source.type").unwrap_or("error").to_owned();
    let settings = EnrichmentSettings {
        store: input
            .get("hbase")
            .map(store)
            .transpose()?
            .map(|store| Arc::new(store) as _),
        ..EnrichmentSettings::default()
    };
    let (enricher, problems) = Enricher::compile_what_works(&sensor, &config, &settings, library());
    let global = match input.get("global") {
        Some(global) => Value::from_serde(global, NumberStyle::Jackson),
        None => Value::Null,
    };
    let mut remote = NoRemote;
    let mut context = Context::new(&global, now_ms(), &mut remote);
    let mut errors = Vec::new();
    if enricher.enrich(&mut event, &mut context, &mut errors) == EnrichOutcome::Pending {
        return Err(
            "the configuration calls a service that cannot be reached from here".to_owned(),
        );
    }
    let mut answer = json!({"message": event_as_json(&event)});
    if !errors.is_empty() {
        answer["errors"] = errors.iter().map(error_as_json).collect();
    }
    for (key, findings) in [
        ("config_problems", problems.as_slice()),
        ("config_warnings", enricher.warnings()),
    ] {
        if !findings.is_empty() {
            answer[key] = findings.iter().map(ConfigProblem::to_string).collect();
        }
    }
    Ok(answer)
}

fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(Library::metron)
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

fn store(rows: &Json) -> Result<MemoryStore, String> {
    let mut store = MemoryStore::new();
    for table in [Table::Enrichment, Table::ThreatIntel] {
        let rows = match rows.get(table.name()) {
            None => continue,
            Some(rows) => rows.as_array(),
        };
        let rows = rows.ok_or_else(|| format!("`hbase.{}` is not a list of rows", table.name()))?;
        for row in rows {
            let text = |key: &str| row.get(key).and_then(Json::as_str);
            let (Some(kind), Some(indicator)) = (text("type"), text("indicator")) else {
                return Err(format!("the row {row} needs `type` and `indicator`"));
            };
            let metadata = row.get("metadata").and_then(Json::as_object);
            store.insert(
                table,
                kind,
                indicator,
                metadata.map(row_of).unwrap_or_default(),
            );
        }
    }
    Ok(store)
}

fn event_as_json(event: &Event) -> Json {
    serde_json::from_str(&event.to_json()).unwrap_or(Json::Null)
}

fn error_as_json(error: &ErrorRecord) -> Json {
    let stage = match error.error_type {
        ErrorType::ThreatIntelError => "threat_intel",
        _ => "enrichment",
    };
    let mut json = json!({
        "error_type": error.error_type.as_str(),
        "stage": stage,
        "error": error.cause,
    });
    if let Some(RawMessage::Event(raw)) = error.raw.first() {
        json["raw_message"] = event_as_json(raw);
    }
    json
}
