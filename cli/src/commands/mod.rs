//! One command a file, and the table of them.

mod check;
mod enrich;
mod eval;
mod jsonl;
mod maas_service;
mod parse;
mod quickstart;
mod run;
mod shell;
mod stage_options;
mod start_enrichment;
mod start_indexing;
mod start_parser;

use std::io::Write;

use crate::{CliError, logging};

/// Upstream's exit code for a command line that cannot be read.
pub const EXIT_USAGE: i32 = 255;

const HELP: &str = "\
alidade: streaming parse-and-enrich pipelines for security telemetry

usage: alidade COMMAND [OPTIONS]          (alidade COMMAND --help tells the options)

Try it
  quickstart                       the whole squid walk-through in this process, no servers needed

Run
  run                              every stage in one process
  start_parser_topology            the parser stage of some sensors
  start_enrichment_topology        enrichment, threat intelligence and triage
  start_elasticsearch_topology     indexing into Elasticsearch or OpenSearch
  start_solr_topology              indexing into Solr
  start_hdfs_topology              indexing into HDFS or a folder

Configure
  zk_load_configs                  PUSH, PULL, DUMP and PATCH of the configuration in ZooKeeper
  check                            compile a whole configuration and print what is wrong with it

Models
  maas_service                     the service that runs models
  maas_deploy                      ADD, REMOVE and LIST models

Work on configurations
  parse                            parse lines with a sensor's configuration
  enrich                           enrich messages with a sensor's configuration
  eval                             evaluate a Stellar expression
  stellar                          evaluate Stellar expressions line by line
";

/// Runs the command of this name.
///
/// # Errors
/// When it does not succeed.
pub fn run(name: &str, arguments: &[String]) -> Result<(), CliError> {
    match name {
        "quickstart" => quickstart::run(arguments),
        "run" => run::run(arguments),
        "start_parser_topology" => start_parser::run(arguments),
        "start_enrichment_topology" => start_enrichment::run(arguments),
        "start_elasticsearch_topology" => {
            start_indexing::run(start_indexing::Store::Elasticsearch, arguments)
        }
        "start_solr_topology" => start_indexing::run(start_indexing::Store::Solr, arguments),
        "start_hdfs_topology" => start_indexing::run(start_indexing::Store::Hdfs, arguments),
        "zk_load_configs" => {
            logging::install(Some("error"));
            let (mut out, mut err) = (std::io::stdout(), std::io::stderr());
            code(alidade_config::load_configs::run(
                arguments, &mut out, &mut err,
            ))
        }
        "maas_service" => maas_service::run(arguments),
        "maas_deploy" => {
            logging::install(Some("error"));
            code(alidade_maas_deploy::run(arguments, &mut std::io::stdout()))
        }
        "check" => check::run(arguments),
        "parse" => parse::run(arguments),
        "enrich" => enrich::run(arguments),
        "eval" => eval::run(arguments),
        "stellar" => shell::run(arguments),
        "help" | "--help" | "-h" => print(HELP),
        "version" | "--version" | "-V" => {
            print(concat!("alidade ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        other => Err(CliError::Usage(format!(
            "there is no command {other:?}\n\n{HELP}"
        ))),
    }
}

fn code(code: i32) -> Result<(), CliError> {
    if code == 0 {
        Ok(())
    } else {
        Err(CliError::Code(code))
    }
}

/// Prints a text; a reader that has gone away is no failure.
pub fn print(text: &str) -> Result<(), CliError> {
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}
