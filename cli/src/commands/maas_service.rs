//! `maas_service`: the service that runs models, in the foreground or in the background.

use crate::background::{Background, status};
use crate::{CliError, logging};

const NAME: &str = "maas_service";

const ADDITIONS: &str = "
In the background: --detach among the options starts it there; `status` and `stop` in place of options find it again.
";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    match arguments.first().map(String::as_str) {
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
    if code == 0 {
        Ok(())
    } else {
        Err(CliError::Code(code))
    }
}
