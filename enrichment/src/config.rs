use alidade_triage::{ThreatTriageConfig, null_as_default};
use indexmap::IndexMap;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// How the events of one sensor are enriched: the document `enrichments/<sensor>.json`.
///
/// Upstream: `SensorEnrichmentConfig.java`. Unknown keys are refused.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SensorEnrichmentConfig {
    #[serde(deserialize_with = "null_as_default")]
    pub enrichment: EnrichmentConfig,
    #[serde(deserialize_with = "null_as_default")]
    pub threat_intel: ThreatIntelConfig,
    /// Values that Stellar finds as variables, after those of the event.
    #[serde(deserialize_with = "null_as_default")]
    pub configuration: Map<String, Value>,
}

/// The first stage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct EnrichmentConfig {
    /// What each adapter works on, by the adapter's name.
    #[serde(deserialize_with = "field_map")]
    pub field_map: IndexMap<String, AdapterConfig>,
    /// Which types the key/value adapters look up for a field.
    #[serde(deserialize_with = "null_as_default")]
    pub field_to_type_map: IndexMap<String, Vec<String>>,
    /// Values that Stellar of both stages finds as variables.
    #[serde(deserialize_with = "null_as_default")]
    pub config: Map<String, Value>,
}

/// The second stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ThreatIntelConfig {
    #[serde(deserialize_with = "field_map")]
    pub field_map: IndexMap<String, AdapterConfig>,
    #[serde(deserialize_with = "null_as_default")]
    pub field_to_type_map: IndexMap<String, Vec<String>>,
    /// Values that triage rules find as variables.
    #[serde(deserialize_with = "null_as_default")]
    pub config: Map<String, Value>,
    /// Nothing (an explicit `null` in the document) switches triage off.
    pub triage_config: Option<ThreatTriageConfig>,
}

impl Default for ThreatIntelConfig {
    fn default() -> Self {
        ThreatIntelConfig {
            field_map: IndexMap::new(),
            field_to_type_map: IndexMap::new(),
            config: Map::new(),
            triage_config: Some(ThreatTriageConfig::default()),
        }
    }
}

/// What an adapter is given to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterShape {
    /// Stellar statements, possibly in groups.
    Stellar,
    /// Names of fields.
    List,
}

/// One entry of a `fieldMap`: a list of fields, or an object with `type` and `config`.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterConfig {
    pub shape: AdapterShape,
    written: Value,
}

impl AdapterConfig {
    fn read(adapter: &str, written: Value) -> Result<AdapterConfig, String> {
        let shape = match &written {
            Value::Array(_) => AdapterShape::List,
            Value::Object(object) => {
                let upper = adapter.to_uppercase();
                let name = match object.get("type") {
                    None => upper.as_str(),
                    Some(Value::String(name)) => name,
                    Some(other) => {
                        return Err(format!("`type` of `{adapter}` is {other}, not a text"));
                    }
                };
                match name {
                    "STELLAR" => AdapterShape::Stellar,
                    "LIST" => AdapterShape::List,
                    other => {
                        return Err(format!(
                            "`{adapter}` has the type `{other}`; there are only STELLAR and LIST: \
                             write a list of fields, or give `type`"
                        ));
                    }
                }
            }
            other => {
                return Err(format!(
                    "`{adapter}` is {other}: write a list of fields, or an object with `config`"
                ));
            }
        };
        Ok(AdapterConfig { shape, written })
    }

    /// The statements or the list, and the step that leads to them from the entry (`/config`, or nothing).
    pub fn config(&self) -> (&Value, &'static str) {
        match &self.written {
            Value::Object(object) => (object.get("config").unwrap_or(&Value::Null), "/config"),
            list => (list, ""),
        }
    }

    /// Keys beside `type` and `config`: they have no meaning.
    pub(crate) fn stray_keys(&self) -> impl Iterator<Item = &str> {
        let object = self.written.as_object();
        object
            .into_iter()
            .flat_map(|object| object.keys())
            .map(String::as_str)
            .filter(|key| !matches!(*key, "type" | "config"))
    }
}

impl Serialize for AdapterConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written.serialize(serializer)
    }
}

/// The type of an entry depends on its name, so the whole map is read at once.
fn field_map<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<IndexMap<String, AdapterConfig>, D::Error> {
    let written = IndexMap::<String, Value>::deserialize(deserializer)?;
    let mut adapters = IndexMap::with_capacity(written.len());
    for (adapter, value) in written {
        let config = AdapterConfig::read(&adapter, value).map_err(D::Error::custom)?;
        adapters.insert(adapter, config);
    }
    Ok(adapters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(document: Value) -> Result<SensorEnrichmentConfig, serde_json::Error> {
        serde_json::from_value(document)
    }

    #[test]
    fn everything_may_be_left_out() {
        for document in [
            json!({}),
            json!({"enrichment": {}, "threatIntel": {}}),
            json!({"enrichment": null, "threatIntel": {"triageConfig": {}}, "configuration": {}}),
        ] {
            assert_eq!(read(document).unwrap(), SensorEnrichmentConfig::default());
        }
    }

    #[test]
    fn a_null_triage_config_is_none() {
        let config = read(json!({"threatIntel": {"triageConfig": null}})).unwrap();
        assert_eq!(config.threat_intel.triage_config, None);
        assert!(
            SensorEnrichmentConfig::default()
                .threat_intel
                .triage_config
                .is_some()
        );
    }

    #[test]
    fn an_adapter_takes_a_list_or_an_object() {
        let document = json!({"enrichment": {"fieldMap": {
            "host": ["a", "b"],
            "stellar": {"config": {"x": "1"}},
            "geo": {"type": "LIST", "config": ["c"]},
            "other": {"type": "STELLAR", "config": ["y := 1"]},
        }}});
        let config = read(document.clone()).unwrap();
        let adapters = &config.enrichment.field_map;
        let shapes: Vec<AdapterShape> = adapters.values().map(|adapter| adapter.shape).collect();
        use AdapterShape::{List, Stellar};
        assert_eq!(shapes, [List, Stellar, List, Stellar]);
        assert_eq!(adapters["host"].config(), (&json!(["a", "b"]), ""));
        assert_eq!(adapters["geo"].config(), (&json!(["c"]), "/config"));
        let again = serde_json::to_value(&config).unwrap();
        assert_eq!(
            again["enrichment"]["fieldMap"],
            document["enrichment"]["fieldMap"]
        );
        assert_eq!(read(again).unwrap(), config);
    }

    #[test]
    fn what_upstream_refuses_is_refused() {
        for (document, word) in [
            (json!({"index": "squid"}), "index"),
            (json!({"batchSize": 1}), "batchSize"),
            (json!({"enrichment": {"triageConfig": {}}}), "triageConfig"),
            (json!({"threatIntel": {"fields": {}}}), "fields"),
            (json!({"enrichment": {"fieldMap": null}}), "null"),
            (
                json!({"enrichment": {"fieldMap": {"host": {"config": []}}}}),
                "HOST",
            ),
            (
                json!({"enrichment": {"fieldMap": {"stellar": {"type": "stellar"}}}}),
                "stellar",
            ),
            (
                json!({"enrichment": {"fieldMap": {"stellar": {"type": null}}}}),
                "null",
            ),
            (
                json!({"enrichment": {"fieldMap": {"stellar": "x := 1"}}}),
                "x := 1",
            ),
            (
                json!({"enrichment": {"fieldMap": {"stellar": null}}}),
                "null",
            ),
            (
                json!({"enrichment": {"fieldToTypeMap": {"a": "b"}}}),
                "string",
            ),
        ] {
            let error = read(document.clone()).expect_err("refused").to_string();
            assert!(error.contains(word), "{document}: {error}");
        }
    }
}
