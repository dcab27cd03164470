//! `maas`: what the model service starts on a cluster. No command for people.

use crate::{CliError, logging};

const HELP: &str = "\
usage: alidade maas PART

What the model service starts in the containers of a cluster; people use maas_service and maas_deploy.

  master      the service itself, as an application master of YARN
  runner      one instance of a model, in a container of YARN
";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    match arguments.first().map(String::as_str) {
        Some("master") if arguments.len() == 1 => {
            logging::install(None);
            super::code(alidade_maas_service::run_master())
        }
        Some("runner") if arguments.len() == 1 => {
            logging::install(None);
            super::code(alidade_maas_service::run_runner())
        }
        Some("-h" | "--help") => super::print(HELP),
        _ => Err(CliError::Usage(HELP.to_owned())),
    }
}
