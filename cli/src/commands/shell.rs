//! `stellar`: the interactive shell.

use std::fs::File;
use std::io::{BufReader, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alidade_config::json::JsonDocument;
use alidade_config::{DocumentId, FolderStore, Live, LiveOptions, Store, ZooKeeperStore};
use alidade_event::{NumberStyle, Value};
use alidade_maas_core::posix_options::{OptionSpec, ParsedOptions, PosixOptions};
use alidade_maas_core::{ZooKeeperOptions, ZooKeeperRegistry};
use alidade_pipeline::{BatchCalls, Databases, Outside, RestClient};
use alidade_shell::{MakeOutside, OutsideCalls, Services, Session, ShellError, TerminalOptions};
use alidade_stellar::{Library, RemoteCalls};
use tokio::runtime::Runtime;

use super::eval::read_variables;
use super::stage_options as shared;
use crate::patterns::FolderPatterns;
use crate::{CliError, files, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value("irc", "inputrc", "File with lines that are evaluated first"),
    OptionSpec::value("l", "log4j", "Accepted; ALIDADE_LOG steers logging"),
    OptionSpec::value("p", "properties", "Accepted, ignored"),
    OptionSpec::value("v", "variables", "File with a JSON map of variables"),
    OptionSpec::value(
        "z",
        "zookeeper",
        "ZooKeeper quorum, host:port[,host:port], whose configuration functions see",
    ),
    shared::CONFIG_DIR,
    shared::PATTERNS_DIR,
    OptionSpec::flag("na", "no_ansi", "No colours, as with NO_COLOR"),
];

const TABLE: PosixOptions = PosixOptions::new("stellar [OPTIONS]", OPTIONS);

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Failed(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&TABLE.usage());
    }
    // Why a service gave nothing is told as a warning.
    logging::install(Some("warn"));
    let runtime = stage_process::runtime()?;
    let outcome = run_session(&parsed, &runtime);
    // An evaluation that was given up may still be waiting for a server.
    runtime.shutdown_background();
    outcome
}

/// What the functions of the shell work with.
pub fn services(
    runtime: &Runtime,
    store: Option<Arc<dyn Store>>,
    patterns_dir: Option<PathBuf>,
) -> Arc<Services> {
    let patterns = Arc::new(FolderPatterns::new(patterns_dir));
    Arc::new(Services::new(runtime.handle().clone(), store, patterns))
}

fn run_session(parsed: &ParsedOptions, runtime: &Runtime) -> Result<(), CliError> {
    for ignored in ["properties", "log4j"] {
        if let Some(path) = parsed.value(ignored) {
            open(path)?;
        }
    }
    let store = runtime.block_on(store(parsed))?;
    let global = match &store {
        Some(store) => runtime.block_on(global_configuration(&**store))?,
        None => Value::Null,
    };
    let patterns_dir = parsed.value("patterns-dir").map(PathBuf::from);
    let services = services(runtime, store, patterns_dir);
    let library = alidade_shell::install(Library::metron(), &services);
    let outside = runtime.block_on(outside(parsed.value("zookeeper"), &services, runtime))?;
    let mut session = Session::new(library, services, global).with_outside(outside);
    if let Some(path) = parsed.value("variables") {
        for (name, value) in read_variables(path)? {
            session.set_variable(&name, value);
        }
    }
    if let Some(path) = parsed.value("inputrc") {
        let mut lines = BufReader::new(open(path)?);
        let goes_on = alidade_shell::run_script(&session, &mut lines, &mut std::io::stdout());
        if !ended(goes_on)? {
            return Ok(());
        }
    }
    if is_terminal() {
        let options = TerminalOptions {
            colours: !parsed.has("no_ansi")
                && std::env::var_os("NO_COLOR").is_none_or(|it| it.is_empty()),
            history: alidade_shell::history_file(),
        };
        return ended(alidade_shell::run_terminal(&mut session, &options));
    }
    let mut lines = std::io::stdin().lock();
    let asks = std::io::stdin().is_terminal();
    ended(alidade_shell::run_lines(
        &session,
        &mut lines,
        &mut std::io::stdout(),
        asks,
    ))
}

/// The world outside as the stages see it: services over HTTP always, databases of addresses where there is a
/// configuration, models where there is ZooKeeper.
async fn outside(
    quorum: Option<&str>,
    services: &Services,
    runtime: &Runtime,
) -> Result<MakeOutside, CliError> {
    let rest = RestClient::new(runtime.handle().clone());
    let databases = match &services.store {
        Some(store) => {
            let compiler = stage_process::compiler(&Library::metron(), None);
            match Live::start(store.clone(), LiveOptions::new(compiler)).await {
                Ok(live) => Databases::follow(&live, runtime.handle()).await,
                Err(error) => {
                    tracing::error!("databases of addresses cannot be found: {error}");
                    Arc::default()
                }
            }
        }
        None => Arc::default(),
    };
    let models = match quorum {
        Some(quorum) => {
            let registry = ZooKeeperRegistry::connect_in_background(ZooKeeperOptions::new(quorum));
            Some(stage_process::model_access(Arc::new(registry), runtime).await?)
        }
        None => None,
    };
    Ok(Arc::new(move || {
        let mut calls = Outside::new(models.as_ref(), rest.clone(), Arc::clone(&databases));
        calls.begin_batch();
        Box::new(StageCalls(calls))
    }))
}

/// The remote end of the stages for a single evaluation.
struct StageCalls(Outside);

impl OutsideCalls for StageCalls {
    fn as_remote(&mut self) -> &mut dyn RemoteCalls {
        &mut self.0
    }

    fn perform(&mut self) {
        self.0.perform();
    }
}

/// Whether lines can be edited: both ends are a terminal, and one that can move its cursor.
fn is_terminal() -> bool {
    let is_able = std::env::var_os("TERM").is_some_and(|name| !name.is_empty() && name != "dumb");
    is_able && std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

fn ended<T>(outcome: Result<T, ShellError>) -> Result<T, CliError> {
    outcome.map_err(|error| {
        if error.is_reader_gone() {
            CliError::ReaderGone
        } else {
            CliError::failed(error)
        }
    })
}

fn open(path: &str) -> Result<File, CliError> {
    File::open(path).map_err(|error| CliError::file(path.as_ref(), error))
}

/// Where configurations are: nowhere, unless told.
async fn store(parsed: &ParsedOptions) -> Result<Option<Arc<dyn Store>>, CliError> {
    if let Some(quorum) = parsed.value("zookeeper") {
        let store = ZooKeeperStore::connect(quorum).await;
        return Ok(Some(Arc::new(store.map_err(CliError::failed)?)));
    }
    if let Some(folder) = parsed.value("config-dir") {
        let folder = files::config_folder(Some(Path::new(folder)))?;
        return Ok(Some(Arc::new(FolderStore::new(folder))));
    }
    Ok(None)
}

async fn global_configuration(store: &dyn Store) -> Result<Value, CliError> {
    let document = store.read(&DocumentId::Global).await;
    let Some(document) = document.map_err(CliError::failed)? else {
        return Ok(Value::Null);
    };
    let document =
        JsonDocument::parse(&DocumentId::Global, &document.bytes).map_err(CliError::failed)?;
    let members = document.into_members().into();
    Ok(Value::from_serde(&members, NumberStyle::Jackson))
}
