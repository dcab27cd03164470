//! One command a file, and the table of them.

mod check;
mod enrich;
mod eval;
mod explain;
mod jsonl;
mod maas;
mod maas_service;
mod output;
mod parse;
mod quickstart;
mod run;
mod shell;
pub mod stage_options;
mod start_enrichment;
mod start_indexing;
mod start_parser;
mod test;

use alidade_maas_core::posix_options::ParsedOptions;
use alidade_stellar::Library;

use self::output::Forgiving;
pub use self::output::print;
use crate::{CliError, logging, stage_process, workers};

/// Upstream's exit code for a command line that cannot be read.
pub const EXIT_USAGE: i32 = 255;

const HELP: &str = "\
alidade: streaming parse-and-enrich pipelines for security telemetry

usage: alidade COMMAND [OPTIONS]          (alidade COMMAND --help tells the options)
       alidade version

Try it
  quickstart                       the whole squid walk-through in this process, no servers needed

Run
  run                              every stage in one process; needs Kafka, and ZooKeeper or --config-dir
  start_parser_topology            the parser stage of some sensors
  start_enrichment_topology        enrichment, threat intelligence and triage
  start_elasticsearch_topology     indexing into Elasticsearch or OpenSearch
  start_solr_topology              indexing into Solr
  start_hdfs_topology              indexing into HDFS or a folder

Configure
  zk_load_configs                  PUSH, PULL, DUMP and PATCH of the configuration in ZooKeeper
  check                            compile all of a folder or of ZooKeeper and print what is wrong with it
  explain                          what the code of a finding means, such as S101
  test                             run the tests that stand beside a configuration

Models
  maas_service                     the service that runs models
  maas_deploy                      ADD, REMOVE and LIST models

Try out configurations, without Kafka (models are not asked: their functions yield null)
  parse                            lines through a sensor's parser
  enrich                           messages through a sensor's enrichment and triage
  eval                             one Stellar expression
  stellar                          the interactive shell of Stellar; with -z it asks models

Where no folder and no ZooKeeper is given, these, `check` and `test` take the configuration that is shipped.
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
            let mut out = Forgiving(std::io::stdout());
            let mut err = Forgiving(std::io::stderr());
            let compiler = stage_process::compiler(&Library::metron(), None);
            code(alidade_config::load_configs::run_with(
                &compiler, arguments, &mut out, &mut err,
            ))
        }
        "maas" => maas::run(arguments),
        "maas_service" => maas_service::run(arguments),
        "maas_deploy" => {
            logging::install(Some("error"));
            let mut out = Forgiving(std::io::stdout());
            code(alidade_maas_deploy::run(arguments, &mut out))
        }
        workers::HIDDEN_COMMAND => workers::run_hidden(arguments),
        "check" => check::run(arguments),
        "explain" => explain::run(arguments),
        "test" => test::run(arguments),
        "parse" => parse::run(arguments),
        "enrich" => enrich::run(arguments),
        "eval" => eval::run(arguments),
        "stellar" => shell::run(arguments),
        "help" | "--help" | "-h" => match arguments.first() {
            Some(command) if !command.starts_with('-') => run(command, &["--help".to_owned()]),
            _ => print(HELP),
        },
        "version" | "--version" | "-V" => {
            print(concat!("alidade ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        other => Err(CliError::Usage(no_such_command(other))),
    }
}

/// How a command prints what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputFormat {
    Text,
    Json,
}

/// The value of `--format`; `--json` is short for one.
fn format_of(parsed: &ParsedOptions) -> Result<OutputFormat, CliError> {
    match parsed.value("format") {
        _ if parsed.has("json") => Ok(OutputFormat::Json),
        None | Some("text") => Ok(OutputFormat::Text),
        Some("json") => Ok(OutputFormat::Json),
        Some(other) => Err(CliError::Usage(format!(
            "--format {other}: write text or json"
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

/// The commands of the overview.
fn commands() -> impl Iterator<Item = &'static str> {
    HELP.lines()
        .filter_map(|line| line.strip_prefix("  "))
        .filter(|line| !line.starts_with(' '))
        .filter_map(|line| line.split_whitespace().next())
}

fn no_such_command(name: &str) -> String {
    let wanted = name
        .trim_end_matches(".sh")
        .to_ascii_lowercase()
        .replace('-', "_");
    let close = commands().find(|command| wanted.len() > 2 && command.contains(&wanted));
    let hint = close.map_or_else(String::new, |command| {
        format!("; did you mean `{command}`?")
    });
    format!("there is no command `{name}`{hint}\n`alidade help` lists the commands")
}

#[cfg(test)]
pub use start_parser::options as parser_options;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_overview_has_help() {
        let commands: Vec<&str> = commands().collect();
        assert!(commands.contains(&"zk_load_configs") && commands.len() > 12);
        for command in commands {
            assert!(run(command, &["-h".to_owned()]).is_ok(), "{command} -h");
            assert!(run("help", &[command.to_owned()]).is_ok(), "help {command}");
        }
    }

    #[test]
    fn a_command_that_is_nearly_right_is_recognised() {
        let hint = |name: &str| no_such_command(name);
        assert!(hint("zk_load_configs.sh").contains("did you mean `zk_load_configs`?"));
        assert!(hint("start-parser").contains("did you mean `start_parser_topology`?"));
        assert!(!hint("xyzzy").contains("did you mean"));
    }
}
