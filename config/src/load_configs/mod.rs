//! Upstream's `zk_load_configs.sh`: PUSH, PULL, DUMP and PATCH of the documents in ZooKeeper.
//!
//! Options, exit codes and the text of DUMP are upstream's. What is safer here: every document is checked, by compiling
//! it, before the first is written, and `--dry-run` writes nothing.

mod dump;
mod patching;
mod pull;
mod push;
mod request;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::Arc;

use alidade_parsers::BuiltInPatterns;
use alidade_stellar::Library;

use crate::build::problems_of;
use crate::{Compiler, ConfigError, Problem, RawTree, ZooKeeperStore};
use request::{Action, Request, USAGE};

/// Exit code of a command line that cannot be read; upstream's -1.
pub const EXIT_USAGE: i32 = 255;
/// Exit code of an operation that failed.
pub const EXIT_FAILED: i32 = 1;

/// Runs the tool with its arguments (without the program's name) and gives its exit code. Blocks; must not be called
/// inside a tokio runtime, for which there is [`run_async`].
pub fn run(arguments: &[String], out: &mut dyn Write, err: &mut dyn Write) -> i32 {
    run_with(&default_compiler(), arguments, out, err)
}

/// As [`run`], checking documents with the given compiler.
pub fn run_with(
    compiler: &Compiler,
    arguments: &[String],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(run_async(compiler, arguments, out, err)),
        Err(error) => report(err, &error),
    }
}

/// As [`run_with`], inside a tokio runtime.
pub async fn run_async(
    compiler: &Compiler,
    arguments: &[String],
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> i32 {
    let request = match Request::parse(arguments) {
        Ok(Some(request)) => request,
        Ok(None) => {
            // Nobody is left to tell when this cannot be written.
            let _ = out.write_all(USAGE.usage().as_bytes());
            return 0;
        }
        Err(error) => {
            let _ = writeln!(err, "Unable to parse args: {error}");
            let _ = err.write_all(USAGE.usage().as_bytes());
            return EXIT_USAGE;
        }
    };
    match perform(compiler, &request, out, err).await {
        Ok(()) => 0,
        Err(failure) => report(err, &failure),
    }
}

/// All functions of the language; pattern files from the folder that is pushed, or built in.
pub fn default_compiler() -> Compiler {
    Compiler::new(Library::metron(), Arc::new(BuiltInPatterns))
}

fn report(err: &mut dyn Write, failure: &dyn Display) -> i32 {
    let _ = writeln!(err, "{failure}");
    EXIT_FAILED
}

/// Why an operation did not succeed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{0}")]
    Request(String),
    #[error(transparent)]
    Store(#[from] ConfigError),
    #[error(transparent)]
    Patch(#[from] crate::patch::PatchError),
    #[error("cannot write the output: {0}")]
    Output(#[from] io::Error),
    #[error("{}\n\nNothing was written: {} not valid.", render(.0), count(.0))]
    Invalid(Vec<Problem>),
    #[error("{}\n\n{} not valid.", render(.0), count(.0))]
    StoredInvalid(Vec<Problem>),
}

fn render(problems: &[Problem]) -> String {
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    texts.join("\n\n")
}

fn count(problems: &[Problem]) -> String {
    let errors = problems.iter().filter(|problem| problem.is_error());
    let mut documents: Vec<_> = errors.map(|problem| &problem.document).collect();
    documents.sort();
    documents.dedup();
    match documents.as_slice() {
        [only] => format!("the document {only} is"),
        several => format!("{} documents are", several.len()),
    }
}

async fn perform(
    compiler: &Compiler,
    request: &Request,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<(), Failure> {
    match &request.action {
        Action::Push(push) => {
            let prepared = push::prepare(push, compiler, err)?;
            let store = ZooKeeperStore::connect(&request.quorum).await?;
            push::write(&store, &prepared, push.is_dry_run, out, err).await
        }
        Action::Pull(pull) => {
            let store = ZooKeeperStore::connect(&request.quorum).await?;
            pull::run(&store, pull).await
        }
        Action::Dump(selection) => {
            let store = ZooKeeperStore::connect(&request.quorum).await?;
            dump::run(&store, selection, out).await
        }
        Action::Patch(patch) => {
            let change = patching::read_change(patch)?;
            let store = ZooKeeperStore::connect(&request.quorum).await?;
            patching::run(&store, patch, &change, compiler, out, err).await
        }
    }
}

/// The problems of documents as PUSH and PATCH see them: those that keep a document from being written, and those that are
/// only told.
pub fn judge(documents: &RawTree, compiler: &Compiler) -> (Vec<Problem>, Vec<Problem>) {
    sort_out(problems_of(documents, compiler))
}

/// Splits problems into those that keep a document from being written and those that are only told.
///
/// A document whose parser or pattern file is not known here is written with a warning: another installation may have it,
/// and this one refuses to run it, not to keep it.
fn sort_out(problems: Vec<Problem>) -> (Vec<Problem>, Vec<Problem>) {
    const UNKNOWN_HERE: [&str; 5] = [
        "/parserClassName",
        "/filterClassName",
        "/writerClassName",
        "/errorWriterClassName",
        "/parserConfig/grokPath",
    ];
    let blocks =
        |problem: &Problem| problem.is_error() && !UNKNOWN_HERE.contains(&problem.pointer.as_str());
    let (blocking, others): (Vec<_>, Vec<_>) = problems.into_iter().partition(blocks);
    (
        blocking,
        others.into_iter().map(Problem::as_warning).collect(),
    )
}
