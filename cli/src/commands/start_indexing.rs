//! `start_elasticsearch_topology`, `start_solr_topology`, `start_hdfs_topology`: events into a store.

use std::sync::Arc;

use alidade_event::Str;
use alidade_indexing::elasticsearch::ElasticsearchWriter;
use alidade_indexing::hdfs::HdfsWriter;
use alidade_indexing::solr::SolrWriter;
use alidade_indexing::{GlobalIndexingSettings, Writer};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_pipeline::{IndexingSpec, Services, StageSpec};

use super::stage_options::{self as shared, Asked};
use crate::CliError;
use crate::workers::options as yarn;
use crate::workers::{Topology, run_stage};

pub const FS_URI: OptionSpec = OptionSpec::value(
    "",
    "fs-uri",
    "File system of the HDFS writer: hdfs://HOST:PORT or file:///FOLDER; without it, the one of HADOOP_CONF_DIR",
);

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    shared::KAFKA,
    shared::ZOOKEEPER,
    shared::SECURITY,
    FS_URI,
    shared::CONFIG_DIR,
    shared::HTTP,
    shared::PROPERTY,
    shared::DETACH,
    yarn::YARN,
    yarn::NUM_WORKERS,
    yarn::MEMORY,
    yarn::VCORES,
    yarn::QUEUE,
    yarn::LABEL,
    yarn::TIMEOUT,
    yarn::KEYTAB,
    shared::REMOTE,
    shared::FILTER,
];

/// A store that events are indexed into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Elasticsearch,
    Solr,
    Hdfs,
}

impl Store {
    pub const ALL: [Store; 3] = [Store::Elasticsearch, Store::Solr, Store::Hdfs];

    pub fn name(self) -> &'static str {
        match self {
            Store::Elasticsearch => "elasticsearch",
            Store::Solr => "solr",
            Store::Hdfs => "hdfs",
        }
    }

    /// Upstream's consumer groups: one for the random access stores, one for batches.
    fn group(self) -> &'static str {
        match self {
            Store::Elasticsearch | Store::Solr => "indexing-ra",
            Store::Hdfs => "indexing-batch",
        }
    }

    /// Upstream's names of the topologies, told apart as the groups are.
    fn topology(self) -> &'static str {
        match self {
            Store::Elasticsearch | Store::Solr => "random_access_indexing",
            Store::Hdfs => "batch_indexing",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Store::Elasticsearch => "start_elasticsearch_topology",
            Store::Solr => "start_solr_topology",
            Store::Hdfs => "start_hdfs_topology",
        }
    }

    /// The stage that fills this store.
    pub fn stage(self, fs_uri: Option<String>) -> StageSpec {
        StageSpec::Indexing(IndexingSpec {
            store: self.name(),
            group: self.group().to_owned(),
            make_writer: Arc::new(move |global| {
                let fs_uri = fs_uri.clone();
                Box::pin(async move {
                    let writer: Box<dyn Writer> = match self {
                        Store::Elasticsearch => {
                            Box::new(ElasticsearchWriter::new(&global.elasticsearch).await?)
                        }
                        Store::Solr => Box::new(SolrWriter::new(&global.solr)?),
                        Store::Hdfs => Box::new(HdfsWriter::new(&with_root(global, fs_uri).hdfs)?),
                    };
                    Ok(writer)
                })
            }),
        })
    }
}

/// A URI with a path is the root of the files; one without gets the configured root as its path.
fn with_root(mut global: GlobalIndexingSettings, fs_uri: Option<String>) -> GlobalIndexingSettings {
    let Some(uri) = fs_uri else { return global };
    let trimmed = uri.trim_end_matches('/');
    let after_scheme = trimmed.split_once("://").map_or("", |(_, rest)| rest);
    let has_path = after_scheme.contains('/');
    if has_path {
        global.hdfs.root = Str::new(trimmed);
        return global;
    }
    let configured = &global.hdfs.root;
    let path = match configured.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => configured,
    };
    global.hdfs.root = Str::from(format!("{trimmed}/{}", path.trim_start_matches('/')));
    global
}

pub fn run(store: Store, arguments: &[String]) -> Result<(), CliError> {
    let command = store.command();
    let table = PosixOptions::new(command, OPTIONS);
    let topology = Topology::only(command, store.topology());
    let asked = shared::read(command, &table, arguments, |_| Ok(topology.clone()))?;
    let Asked::Run(parsed) = asked else {
        return Ok(());
    };
    let options = shared::common(&parsed)?;
    let fs_uri = parsed.value("fs-uri").map(str::to_owned);
    run_stage(&topology, &parsed, &options, |services| {
        if store == Store::Hdfs {
            check_fs_uri(services, fs_uri.as_deref())?;
        }
        Ok(vec![store.stage(fs_uri)])
    })
}

/// Refuses a file system that no writer can be made for, before anything starts. Nothing is connected to.
pub fn check_fs_uri(services: &Services, fs_uri: Option<&str>) -> Result<(), CliError> {
    let Some(uri) = fs_uri else { return Ok(()) };
    let _entered = services.runtime.enter();
    let settings = with_root(GlobalIndexingSettings::default(), Some(uri.to_owned()));
    HdfsWriter::new(&settings.hdfs)
        .map(drop)
        .map_err(|error| CliError::Usage(format!("--fs-uri {uri}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(uri: &str) -> String {
        with_root(GlobalIndexingSettings::default(), Some(uri.to_owned()))
            .hdfs
            .root
            .to_string()
    }

    #[test]
    fn a_uri_without_a_path_gets_the_configured_root() {
        assert_eq!(
            root("hdfs://node1:8020"),
            "hdfs://node1:8020/apps/metron/indexing/indexed"
        );
        assert_eq!(
            root("hdfs://node1:8020/"),
            "hdfs://node1:8020/apps/metron/indexing/indexed"
        );
        assert_eq!(root("file:///data/out/"), "file:///data/out");
    }
}
