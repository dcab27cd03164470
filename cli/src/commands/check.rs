//! `check`: compiles a whole configuration, and prints what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alidade_config::check::{self, Format, Options};
use alidade_config::{FolderStore, Store, ZooKeeperStore};
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_stellar::Library;

use super::output::Forgiving;
use super::stage_options as shared;
use crate::{CliError, files, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    shared::ZOOKEEPER,
    shared::PATTERNS_DIR,
    OptionSpec::value(
        "",
        "format",
        "`text` for people (the default), `json` for programs",
    ),
    OptionSpec::flag("", "json", "The same as --format json"),
    OptionSpec::flag("", "deny-warnings", "Warnings count as errors"),
];

const TABLE: PosixOptions =
    PosixOptions::new("alidade check [CONFIG_DIR | -z QUORUM] [OPTIONS]", OPTIONS);

const EXIT_CODES: &str = "\
exit codes: 0 nothing refused, 1 errors (with --deny-warnings also warnings) or no document at all,
            255 a command line that cannot be read
every finding has a code; `alidade explain CODE` tells what it means
";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&format!("{}\n{EXIT_CODES}", TABLE.usage()));
    }
    let format = super::format_of(&parsed)?;
    logging::install(Some("error"));
    let compiler = stage_process::compiler(
        &Library::metron(),
        parsed.value("patterns-dir").map(PathBuf::from),
    );
    let options = Options {
        format: match format {
            super::OutputFormat::Text => Format::Text,
            super::OutputFormat::Json => Format::Json,
        },
        deny_warnings: parsed.has("deny-warnings"),
    };
    let runtime = stage_process::runtime()?;
    let code = runtime.block_on(async {
        let store: Arc<dyn Store> = match parsed.value("zk") {
            Some(quorum) => Arc::new(
                ZooKeeperStore::connect(quorum)
                    .await
                    .map_err(CliError::failed)?,
            ),
            None => {
                let given = parsed.positionals().first();
                let folder = files::config_folder(given.map(Path::new))?;
                Arc::new(FolderStore::new(folder))
            }
        };
        check::run(
            &*store,
            &compiler,
            options,
            &mut Forgiving(std::io::stdout()),
        )
        .await
        .map_err(CliError::failed)
    })?;
    if code == 0 {
        Ok(())
    } else {
        Err(CliError::Code(code))
    }
}
