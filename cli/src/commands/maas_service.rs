//! `maas_service`: the service that runs models, as a YARN application or here, in the foreground or in the background.

use crate::background::{Background, status};
use crate::{CliError, logging};

const NAME: &str = "maas_service";

const ADDITIONS: &str = "
maas_service status -zq QUORUM   who serves, and how every model does
maas_service stop -zq QUORUM     ends the YARN application with its models (-t MS: then it is killed)
In the background of this machine (local launcher): --detach among the options starts it there; `status` and `stop`
without options find it again.
";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    match arguments.first().map(String::as_str) {
        Some("status") if arguments.len() > 1 => {
            logging::install(Some("error"));
            return outcome(alidade_maas_service::status(&arguments[1..]));
        }
        Some("stop") if arguments.len() > 1 => {
            logging::install(Some("error"));
            return outcome(alidade_maas_service::stop(&arguments[1..]));
        }
        Some("status") => {
            let lines = status(NAME);
            let text = if lines.is_empty() {
                format!("no {NAME} runs in the background")
            } else {
                lines.join("\n")
            };
            return super::print(&format!("{text}\n"));
        }
        Some("stop") => return super::print(&format!("{}\n", Background::new(NAME).stop()?)),
        _ => {}
    }
    if arguments.iter().any(|argument| argument == "--detach") {
        let mut forwarded = vec![NAME.to_owned()];
        forwarded.extend(
            arguments
                .iter()
                .filter(|argument| *argument != "--detach")
                .cloned(),
        );
        return super::print(&format!("{}\n", Background::new(NAME).start(&forwarded)?));
    }
    logging::install(None);
    let code = alidade_maas_service::run(arguments);
    if arguments
        .iter()
        .any(|argument| argument == "-h" || argument == "--help")
    {
        super::print(ADDITIONS)?;
    }
    outcome(code)
}

fn outcome(code: i32) -> Result<(), CliError> {
    match code {
        0 => Ok(()),
        code => Err(CliError::Code(code)),
    }
}
