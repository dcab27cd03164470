//! The parser document of a sensor, as it stands in ZooKeeper under `parsers/<sensor>`.

use indexmap::IndexMap;
use serde::Deserialize;

use crate::lenient;

/// Free-form settings in the order of the document.
pub type Settings = IndexMap<String, serde_json::Value>;

/// Upstream's `SensorParserConfig`: everything that is configured for the parsing of one sensor.
///
/// Unknown fields are refused, scalars are converted as Jackson does (`"40"` is fine for a number).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SensorParserConfig {
    #[serde(deserialize_with = "lenient::text")]
    pub parser_class_name: Option<String>,
    /// `STELLAR`, `BRO`, `DEFAULT` or blank.
    #[serde(deserialize_with = "lenient::text")]
    pub filter_class_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub sensor_topic: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub output_topic: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub error_topic: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub writer_class_name: Option<String>,
    #[serde(deserialize_with = "lenient::text")]
    pub error_writer_class_name: Option<String>,
    /// Without it, the raw message strategy decides: see [`SensorParserConfig::reads_metadata`].
    #[serde(deserialize_with = "lenient::boolean")]
    pub read_metadata: Option<bool>,
    /// Without it, the raw message strategy decides: see [`SensorParserConfig::merges_metadata`].
    #[serde(deserialize_with = "lenient::boolean")]
    pub merge_metadata: Option<bool>,
    pub raw_message_strategy: RawMessageStrategy,
    #[serde(deserialize_with = "lenient::map")]
    pub raw_message_strategy_config: Settings,
    #[serde(deserialize_with = "lenient::integer")]
    pub num_workers: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub num_ackers: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub spout_parallelism: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub spout_num_tasks: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub parser_parallelism: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub parser_num_tasks: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub error_writer_parallelism: Option<i64>,
    #[serde(deserialize_with = "lenient::integer")]
    pub error_writer_num_tasks: Option<i64>,
    #[serde(deserialize_with = "lenient::map")]
    pub spout_config: Settings,
    #[serde(deserialize_with = "lenient::text")]
    pub security_protocol: Option<String>,
    #[serde(deserialize_with = "lenient::map")]
    pub storm_config: Settings,
    /// What the parser class reads; also visible as variables in STELLAR transformations.
    #[serde(deserialize_with = "lenient::map")]
    pub parser_config: Settings,
    #[serde(deserialize_with = "lenient::list")]
    pub field_transformations: Vec<FieldTransformationConfig>,
    #[serde(deserialize_with = "lenient::map")]
    pub cache_config: Settings,
}

impl SensorParserConfig {
    /// Whether the record key and the topic become metadata: as configured, else only with the ENVELOPE strategy.
    pub fn reads_metadata(&self) -> bool {
        self.read_metadata
            .unwrap_or(self.raw_message_strategy == RawMessageStrategy::Envelope)
    }

    /// Whether metadata becomes fields of the event: as configured, else only with the ENVELOPE strategy.
    pub fn merges_metadata(&self) -> bool {
        self.merge_metadata
            .unwrap_or(self.raw_message_strategy == RawMessageStrategy::Envelope)
    }
}

/// How the bytes of a record become the message to parse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub enum RawMessageStrategy {
    /// The record's value is the message.
    #[default]
    #[serde(rename = "DEFAULT")]
    Default,
    /// The record's value is a JSON object; one of its fields is the message, the others are metadata.
    #[serde(rename = "ENVELOPE")]
    Envelope,
}

/// One entry of `fieldTransformations`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FieldTransformationConfig {
    #[serde(deserialize_with = "lenient::text")]
    pub transformation: Option<String>,
    #[serde(deserialize_with = "lenient::text_or_list")]
    pub input: Vec<String>,
    #[serde(deserialize_with = "lenient::text_or_list")]
    pub output: Vec<String>,
    #[serde(deserialize_with = "lenient::map")]
    pub config: Settings,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SensorParserConfig, serde_json::Error> {
        serde_json::from_str(text)
    }

    #[test]
    fn scalars_are_converted_as_jackson_does() {
        let config = read(
            r#"{"numWorkers": "40", "spoutParallelism": 2.0, "readMetadata": "true", "mergeMetadata": 1,
                "sensorTopic": 5, "parserConfig": null}"#,
        )
        .unwrap();
        assert_eq!(config.num_workers, Some(40));
        assert_eq!(config.spout_parallelism, Some(2));
        assert!(config.reads_metadata());
        assert!(config.merges_metadata());
        assert_eq!(config.sensor_topic.as_deref(), Some("5"));
        assert!(config.parser_config.is_empty());
    }

    #[test]
    fn a_misspelled_field_is_refused_by_name() {
        let refusal = read(r#"{"parserClasName": "x"}"#).unwrap_err().to_string();
        assert!(refusal.contains("parserClasName"), "{refusal}");
        assert!(read(r#"{"rawMessageStrategy": "envelope"}"#).is_err());
        assert!(read(r#"{"numWorkers": "many"}"#).is_err());
    }

    #[test]
    fn input_and_output_are_a_text_or_a_list() {
        let config = read(
            r#"{"fieldTransformations": [
                {"transformation": "REMOVE", "input": "a"},
                {"transformation": "REMOVE", "output": ["a", "b"], "input": 5}]}"#,
        )
        .unwrap();
        assert_eq!(config.field_transformations[0].input, ["a"]);
        assert_eq!(config.field_transformations[1].output, ["a", "b"]);
        assert!(config.field_transformations[1].input.is_empty());
    }

    #[test]
    fn metadata_defaults_follow_the_strategy() {
        let config = read(r#"{"rawMessageStrategy": "ENVELOPE"}"#).unwrap();
        assert!(config.reads_metadata() && config.merges_metadata());
        let config = read("{}").unwrap();
        assert!(!config.reads_metadata() && !config.merges_metadata());
    }
}
