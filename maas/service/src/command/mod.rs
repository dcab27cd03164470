//! The `maas_service` command.

mod local;
mod options;
mod yarn;

use std::io::Write;
use std::time::Duration;

use alidade_maas_core::posix_options::{OptionsError, ParsedOptions};
use alidade_maas_core::{DEFAULT_CONFIG_PATH, LauncherKind, ServiceType, ZooKeeperOptions};

pub use self::options::OPTIONS;

const DEFAULT_TIMEOUT_MS: i64 = 600_000;
const DEFAULT_START_LIMIT: Duration = Duration::from_secs(600);

/// Why the command ends without having served.
enum Refusal {
    Usage(OptionsError),
    /// A value that cannot be used, or anything else that went wrong.
    Failed {
        text: String,
        code: i32,
    },
}

fn illegal(text: String) -> Refusal {
    Refusal::Failed { text, code: 255 }
}

fn failed(text: impl ToString) -> Refusal {
    Refusal::Failed {
        text: text.to_string(),
        code: 1,
    }
}

/// Runs the command. Locally it serves until it is told to end (SIGINT, SIGTERM); on YARN it submits the application and
/// returns when that serves. Returns the exit code: 0 after an orderly end and for help, 1 for a command line or a set-up
/// that cannot be used, 255 for an illegal value, 2 for a launcher that does not exist and for an application that fails.
pub fn run(args: &[String]) -> i32 {
    exit_code(args, run_checked)
}

/// `maas_service status`: who serves a configuration and how its models do. Takes the same options; returns the exit code.
pub fn status(args: &[String]) -> i32 {
    exit_code(args, yarn::status)
}

/// `maas_service stop`: ends the YARN application that serves a configuration. Takes the same options, of which `-t` says
/// how long to wait before it is killed; returns the exit code.
pub fn stop(args: &[String]) -> i32 {
    exit_code(args, yarn::stop)
}

fn exit_code(args: &[String], command: impl FnOnce(&ParsedOptions) -> Result<(), Refusal>) -> i32 {
    let parsed = OPTIONS.parse(args).map_err(Refusal::Usage);
    let outcome = parsed.and_then(|parsed| {
        if parsed.has("help") {
            say(&OPTIONS.usage());
            return Ok(());
        }
        command(&parsed)
    });
    match outcome {
        Ok(()) => 0,
        Err(Refusal::Usage(error)) => {
            eprintln!("Unable to parse args: {}\n{error}", args.join(" "));
            say(&OPTIONS.usage());
            1
        }
        Err(Refusal::Failed { text, code }) => {
            eprintln!("{text}");
            code
        }
    }
}

fn run_checked(parsed: &ParsedOptions) -> Result<(), Refusal> {
    // Upstream passes over stray words; a mistyped `status` must not start a service.
    if let Some(word) = parsed.positionals().first() {
        return Err(failed(format!(
            "{word} is no option, and neither `status` nor `stop`; --help tells the options"
        )));
    }
    check_numbers(parsed)?;
    let launcher = LauncherKind::chosen(parsed.value("launcher"));
    let launcher = launcher.map_err(|error| Refusal::Failed {
        text: error.to_string(),
        code: 2,
    })?;
    match launcher {
        LauncherKind::Local => {
            note_missing_yarn(parsed);
            local::run(parsed)
        }
        LauncherKind::Yarn => yarn::run(parsed),
    }
}

/// Whoever has set a directory of Hadoop's may have expected YARN.
fn note_missing_yarn(parsed: &ParsedOptions) {
    let directory = std::env::var("HADOOP_CONF_DIR").unwrap_or_default();
    if parsed.value("launcher").is_none() && !directory.is_empty() {
        eprintln!("HADOOP_CONF_DIR={directory} has no yarn-site.xml, so models do not run on YARN");
    }
}

fn check_numbers(parsed: &ParsedOptions) -> Result<(), Refusal> {
    for (option, what) in [("mm", "memory"), ("mc", "virtual cores")] {
        if number(parsed, option)?.is_some_and(|number| number < 0) {
            return Err(illegal(format!(
                "-{option} must not be negative: {what} for the master"
            )));
        }
    }
    Ok(())
}

fn zookeeper_options(parsed: &ParsedOptions) -> ZooKeeperOptions {
    let mut options = ZooKeeperOptions::new(parsed.value("zq").unwrap_or_default());
    options.config_path = parsed.value("zr").unwrap_or(DEFAULT_CONFIG_PATH).to_owned();
    options
}

/// `-t`
fn timeout(parsed: &ParsedOptions) -> Result<Duration, Refusal> {
    let milliseconds = number(parsed, "t")?.unwrap_or(DEFAULT_TIMEOUT_MS).max(0);
    Ok(Duration::from_millis(milliseconds.unsigned_abs()))
}

fn start_limit(parsed: &ParsedOptions) -> Result<Duration, Refusal> {
    let Some(seconds) = number(parsed, "start-limit")? else {
        return Ok(DEFAULT_START_LIMIT);
    };
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    let seconds =
        seconds.ok_or_else(|| illegal("--start-limit must be at least 1 second".to_owned()))?;
    Ok(Duration::from_secs(seconds))
}

fn service_type(parsed: &ParsedOptions) -> ServiceType {
    if parsed.has("persistent") {
        ServiceType::Static
    } else {
        ServiceType::Dynamic
    }
}

/// `-e`: what is added to the environment of every model.
fn environment(parsed: &ParsedOptions) -> Result<Vec<(String, String)>, Refusal> {
    let pairs = parsed.values("shell_env").into_iter();
    let environment: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (key.trim().to_owned(), value.to_owned()))
        .collect();
    let is_wrong = |(key, value): &&(String, String)| {
        key.is_empty() || key.contains('\0') || value.contains('\0')
    };
    match environment.iter().find(is_wrong) {
        Some((key, _)) => Err(illegal(format!(
            "-e must be key=value, and \"{key}\" is no key"
        ))),
        None => Ok(environment),
    }
}

fn number(parsed: &ParsedOptions, option: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = parsed.value(option) else {
        return Ok(None);
    };
    let dashes = if option.len() > 3 { "--" } else { "-" };
    match text.parse::<i32>() {
        Ok(number) => Ok(Some(i64::from(number))),
        Err(_) => Err(illegal(format!(
            "{dashes}{option} must be a whole number, not {text}"
        ))),
    }
}

/// Prints a text. The service goes on where nobody reads it.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_line(line: &str) -> i32 {
        let args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        run(&args)
    }

    #[test]
    fn the_usage_is_upstreams_with_our_options_at_the_end() {
        let usage = OPTIONS.usage();
        let golden = include_str!("../../tests/data/usage.txt");
        assert!(usage.starts_with(golden), "{usage}");
    }

    #[test]
    fn help_alone_is_no_error() {
        assert_eq!(run_line("-h"), 0);
        assert_eq!(run_line("--help -zq nowhere:1"), 0);
    }

    #[test]
    fn wrong_command_lines_have_upstreams_exit_codes() {
        assert_eq!(run_line(""), 1);
        assert_eq!(run_line("-zq h:1 -nope"), 1);
        assert_eq!(run_line("-zq h:1 -mm -5"), 255);
        assert_eq!(run_line("-zq h:1 -t soon"), 255);
        assert_eq!(run_line("-zq h:1 --launcher mesos"), 2);
    }
}
