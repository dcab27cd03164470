//! The servers that can be started.

use serde::{Deserialize, Serialize};

/// A kind of server.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    #[value(name = "zookeeper")]
    ZooKeeper,
    Kafka,
    Elasticsearch6,
    Elasticsearch7,
    Solr,
    Hdfs,
    Yarn,
}

impl Kind {
    /// The server that this one cannot be without.
    pub fn needs(self) -> Option<Kind> {
        match self {
            Self::Solr => Some(Self::ZooKeeper),
            Self::Yarn => Some(Self::Hdfs),
            _ => None,
        }
    }

    /// The kinds asked for and those they need, each once, needed ones first.
    pub fn with_needed(kinds: &[Kind]) -> Vec<Kind> {
        let mut all = Vec::new();
        for kind in kinds {
            for wanted in kind.needs().into_iter().chain([*kind]) {
                if !all.contains(&wanted) {
                    all.push(wanted);
                }
            }
        }
        all.sort_by_key(|kind| kind.needs().is_some());
        all
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self {
            Self::ZooKeeper => "zookeeper",
            Self::Kafka => "kafka",
            Self::Elasticsearch6 => "elasticsearch6",
            Self::Elasticsearch7 => "elasticsearch7",
            Self::Solr => "solr",
            Self::Hdfs => "hdfs",
            Self::Yarn => "yarn",
        };
        formatter.pad(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn needed_servers_come_first_and_once() {
        let all = Kind::with_needed(&[Kind::Yarn, Kind::Solr, Kind::ZooKeeper, Kind::Solr]);
        assert_eq!(all, [Kind::Hdfs, Kind::ZooKeeper, Kind::Yarn, Kind::Solr]);
    }

    #[test]
    fn has_one_name_everywhere() {
        for kind in Kind::value_variants() {
            let argument = kind.to_possible_value().unwrap();
            assert_eq!(argument.get_name(), kind.to_string());
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.to_string());
        }
    }
}
