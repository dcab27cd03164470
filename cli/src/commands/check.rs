//! `check`: compiles a whole configuration, and prints what is wrong with it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alidade_config::check::{self, Format};
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
    OptionSpec::flag("", "json", "Print the problems as JSON"),
];

const TABLE: PosixOptions =
    PosixOptions::new("alidade check [CONFIG_DIR | -z QUORUM] [OPTIONS]", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    logging::install(Some("error"));
    let compiler = stage_process::compiler(
        &Library::metron(),
        parsed.value("patterns-dir").map(PathBuf::from),
    );
    let format = if parsed.has("json") {
        Format::Json
    } else {
        Format::Text
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
            format,
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
