use std::fmt;

use serde::{Serialize, Serializer};

/// The five kinds of configuration documents, in the order in which upstream's tools handle them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    Global,
    Parser,
    Indexing,
    Enrichment,
    Profiler,
}

impl Kind {
    /// All kinds, in the order of PUSH, PULL and DUMP.
    pub const ALL: [Kind; 5] = [
        Kind::Global,
        Kind::Parser,
        Kind::Indexing,
        Kind::Enrichment,
        Kind::Profiler,
    ];

    /// The name on the command line and in a DUMP.
    pub fn type_name(self) -> &'static str {
        match self {
            Kind::Global => "GLOBAL",
            Kind::Parser => "PARSER",
            Kind::Indexing => "INDEXING",
            Kind::Enrichment => "ENRICHMENT",
            Kind::Profiler => "PROFILER",
        }
    }

    /// The kind of a name as typed, in any case.
    pub fn from_type_name(name: &str) -> Option<Kind> {
        Kind::ALL
            .into_iter()
            .find(|kind| kind.type_name().eq_ignore_ascii_case(name.trim()))
    }

    /// The folder and the node that hold one document for each sensor; nothing for the two kinds that are one document.
    pub fn folder(self) -> Option<&'static str> {
        match self {
            Kind::Global | Kind::Profiler => None,
            Kind::Parser => Some("parsers"),
            Kind::Indexing => Some("indexing"),
            Kind::Enrichment => Some("enrichments"),
        }
    }

    /// The document of this kind, if the kind is a single document.
    pub fn singleton(self) -> Option<DocumentId> {
        match self {
            Kind::Global => Some(DocumentId::Global),
            Kind::Profiler => Some(DocumentId::Profiler),
            Kind::Parser | Kind::Indexing | Kind::Enrichment => None,
        }
    }

    /// The document of one sensor; nothing for a kind that is a single document.
    ///
    /// # Errors
    /// When the name cannot be a sensor's.
    pub fn of_sensor(self, sensor: &str) -> Result<Option<DocumentId>, BadSensorName> {
        check_sensor_name(sensor)?;
        let sensor = sensor.to_owned();
        Ok(match self {
            Kind::Global | Kind::Profiler => None,
            Kind::Parser => Some(DocumentId::Parser(sensor)),
            Kind::Indexing => Some(DocumentId::Indexing(sensor)),
            Kind::Enrichment => Some(DocumentId::Enrichment(sensor)),
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.type_name())
    }
}

/// A name that cannot be a sensor's, because it could not be a file or a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} cannot be the name of a sensor: {reason}")]
pub struct BadSensorName {
    pub name: String,
    pub reason: &'static str,
}

/// Longest name of a sensor, in bytes: what file systems take, less the extension.
const MAX_SENSOR_NAME: usize = 200;

fn check_sensor_name(name: &str) -> Result<(), BadSensorName> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_SENSOR_NAME {
        "it is longer than 200 bytes"
    } else if name.starts_with('.') {
        "it starts with a dot"
    } else if name.contains(['/', '\\']) {
        "it holds a slash"
    } else if name.chars().any(char::is_control) {
        "it holds a control character"
    } else {
        return Ok(());
    };
    Err(BadSensorName {
        name: name.chars().take(MAX_SENSOR_NAME).collect(),
        reason,
    })
}

/// One configuration document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentId {
    Global,
    Parser(String),
    Indexing(String),
    Enrichment(String),
    Profiler,
}

/// The node above all configuration documents.
pub const TOPOLOGY_ROOT: &str = "/metron/topology";

impl DocumentId {
    pub fn kind(&self) -> Kind {
        match self {
            DocumentId::Global => Kind::Global,
            DocumentId::Parser(_) => Kind::Parser,
            DocumentId::Indexing(_) => Kind::Indexing,
            DocumentId::Enrichment(_) => Kind::Enrichment,
            DocumentId::Profiler => Kind::Profiler,
        }
    }

    pub fn sensor(&self) -> Option<&str> {
        match self {
            DocumentId::Global | DocumentId::Profiler => None,
            DocumentId::Parser(sensor)
            | DocumentId::Indexing(sensor)
            | DocumentId::Enrichment(sensor) => Some(sensor),
        }
    }

    /// The last part of the name: the sensor, or `global` or `profiler`.
    pub fn short_name(&self) -> &str {
        match self {
            DocumentId::Global => "global",
            DocumentId::Profiler => "profiler",
            DocumentId::Parser(sensor)
            | DocumentId::Indexing(sensor)
            | DocumentId::Enrichment(sensor) => sensor,
        }
    }

    /// The file of the document below a configuration folder, such as `parsers/squid.json`.
    pub fn file(&self) -> String {
        format!("{self}.json")
    }

    /// The node of the document in ZooKeeper, such as `/metron/topology/parsers/squid`.
    pub fn node(&self) -> String {
        format!("{TOPOLOGY_ROOT}/{self}")
    }
}

impl fmt::Display for DocumentId {
    /// The name as problems and logs give it: `global`, `parsers/squid`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind().folder() {
            Some(folder) => write!(formatter, "{folder}/{}", self.short_name()),
            None => formatter.write_str(self.short_name()),
        }
    }
}

impl Serialize for DocumentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_and_nodes() {
        let squid = Kind::Enrichment.of_sensor("squid").unwrap().unwrap();
        assert_eq!(squid.to_string(), "enrichments/squid");
        assert_eq!(squid.file(), "enrichments/squid.json");
        assert_eq!(squid.node(), "/metron/topology/enrichments/squid");
        assert_eq!(DocumentId::Global.file(), "global.json");
        assert_eq!(DocumentId::Profiler.node(), "/metron/topology/profiler");
    }

    #[test]
    fn a_name_that_would_leave_its_folder_is_refused() {
        for bad in ["", ".", "..", "../global", "a/b", "a\\b", "a\nb", ".hidden"] {
            assert!(Kind::Parser.of_sensor(bad).is_err(), "{bad:?}");
        }
        assert!(Kind::Parser.of_sensor(&"x".repeat(201)).is_err());
        assert!(Kind::Parser.of_sensor("squid.json").is_ok());
    }

    #[test]
    fn type_names_in_any_case() {
        assert_eq!(Kind::from_type_name("parser"), Some(Kind::Parser));
        assert_eq!(Kind::from_type_name("GLOBAL"), Some(Kind::Global));
        assert_eq!(Kind::from_type_name("PARSERS"), None);
    }
}
