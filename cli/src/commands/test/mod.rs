//! `test`: runs the tests that stand beside a configuration.

mod case;
mod compare;
mod models;
mod report;
mod runner;

use std::path::{Path, PathBuf};

use alidade_config::FolderStore;
use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_stellar::Library;

use self::report::{CaseReport, Report};
use self::runner::Bench;
use super::{OutputFormat, stage_options as shared};
use crate::{CliError, files, logging, stage_process};

const OPTIONS: &[OptionSpec] = &[
    shared::HELP,
    OptionSpec::value("s", "sensor", "Only the tests of this sensor"),
    OptionSpec::value(
        "",
        "format",
        "`text` for people (the default), `json` for programs",
    ),
    OptionSpec::flag("", "json", "The same as --format json"),
    shared::PATTERNS_DIR,
];

const TABLE: PosixOptions = PosixOptions::new("alidade test [CONFIG_DIR] [OPTIONS]", OPTIONS);

const ABOUT: &str = "\
runs CONFIG_DIR/tests/SENSOR/*.json through the parser, enrichment and triage of the sensor:
  [{ \"name\": \"the host of the URL\", \"input\": \"1571163620.277 192 ...\", \"expect\": { \"full_hostname\": \"yahoo.com\" } }]
keys of a test: name; input or message; global, models, now; expect, expectExactly, expectDropped, expectError
exit codes: 0 all passed, 1 a test failed or there is none, 255 a command line that cannot be read
";

pub fn run(arguments: &[String]) -> Result<(), CliError> {
    let parsed = TABLE
        .parse(arguments)
        .map_err(|error| CliError::Usage(format!("{error}\n{}", TABLE.usage())))?;
    if parsed.has("help") {
        return super::print(&format!("{}\n{ABOUT}", TABLE.usage()));
    }
    let format = super::format_of(&parsed)?;
    logging::install(Some("error"));
    let given = parsed.positionals().first();
    let root = files::config_folder(given.map(Path::new))?;
    let sensor = parsed.value("sensor");
    let files = case::read_all(&root, sensor)?;
    if files.is_empty() {
        let sensor = sensor.unwrap_or("SENSOR");
        return Err(CliError::Failed(format!(
            "there is no test in {}; a test is a file such as {}/{sensor}/first.json",
            root.display(),
            root.join(case::FOLDER).display()
        )));
    }
    let patterns_dir = parsed.value("patterns-dir").map(PathBuf::from);
    let compiler = stage_process::compiler(&Library::metron(), patterns_dir);
    let store = FolderStore::new(&root);
    let tree = store.read_tree_blocking().map_err(CliError::failed)?;
    let snapshot = alidade_config::rebuild(&tree, &compiler, None)
        .map_err(|problems| CliError::problems(&problems))?;
    let bench = Bench {
        tree: &tree,
        compiler: &compiler,
        snapshot,
    };
    let mut report = Report::default();
    for file in &files {
        report.files += 1;
        for case in &file.cases {
            let verdict = case
                .as_ref()
                .map(|case| (case.name.as_str(), bench.run(&file.sensor, case)))
                .map_err(|problem| &**problem);
            report.add(CaseReport::new(&file.name, verdict));
        }
    }
    let text = match format {
        OutputFormat::Text => report.text(),
        OutputFormat::Json => report.json(),
    };
    super::print(&text)?;
    // Files without a single test are as good as no file.
    if report.failed > 0 || report.cases.is_empty() {
        return Err(CliError::Code(1));
    }
    Ok(())
}
