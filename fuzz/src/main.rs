//! `alidade-fuzz all|TARGET [--seconds N] [--inputs N] [--seed N] [--findings FOLDER]` feeds targets, each so long;
//! `alidade-fuzz TARGET FILE...` runs inputs again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alidade_fuzz::Target;
use alidade_fuzz::engine::Plan;
use alidade_fuzz::supervisor::{Order, replay, supervise, work};
use alidade_fuzz::targets::TARGETS;

#[derive(Debug, thiserror::Error)]
enum FuzzError {
    #[error("{0}\nusage: alidade-fuzz all|TARGET [--seconds N] [--inputs N] [--seed N] [--findings FOLDER]\n       alidade-fuzz TARGET FILE...\ntargets: {targets}", targets = names())]
    Usage(String),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}: {1}")]
    File(String, std::io::Error),
}

fn names() -> String {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.join(", ")
}

struct Arguments {
    targets: Vec<&'static Target>,
    files: Vec<String>,
    time: Duration,
    inputs: u64,
    seed: u64,
    findings: PathBuf,
    /// Set in the process of one target: where to note the input that is being run.
    worker: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(64)
        }
    }
}

fn run() -> Result<ExitCode, FuzzError> {
    let arguments = read(std::env::args().skip(1))?;
    if let (Some(current), [target]) = (arguments.worker, &*arguments.targets) {
        let plan = Plan {
            seed: arguments.seed,
            time: arguments.time,
            inputs: arguments.inputs,
            findings: arguments.findings,
            current,
        };
        return Ok(work(target, plan)?);
    }
    if let ([target], [_, ..]) = (&*arguments.targets, &*arguments.files) {
        let mut held = true;
        for file in arguments.files {
            let input = std::fs::read(&file).map_err(|error| FuzzError::File(file, error))?;
            held &= replay(target, input)?;
        }
        return Ok(if held {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    }
    println!("seed {}", arguments.seed);
    let order = Order {
        seed: arguments.seed,
        time: arguments.time,
        inputs: arguments.inputs,
        findings: arguments.findings,
    };
    match supervise(&arguments.targets, &order)? {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, FuzzError> {
    let first = words.next().unwrap_or_default();
    let targets = match (first.as_str(), Target::named(&first)) {
        ("all", _) => TARGETS.iter().collect(),
        (_, Some(target)) => vec![target],
        _ => return Err(FuzzError::Usage(format!("there is no target `{first}`"))),
    };
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let mut arguments = Arguments {
        targets,
        files: Vec::new(),
        time: Duration::from_secs(10),
        inputs: u64::MAX,
        seed: u64::from(now.subsec_nanos()) ^ now.as_secs(),
        findings: PathBuf::from("target/fuzz"),
        worker: None,
    };
    while let Some(word) = words.next() {
        let mut value = || {
            words
                .next()
                .ok_or_else(|| FuzzError::Usage(format!("{word} needs a value")))
        };
        match word.as_str() {
            "--seconds" => arguments.time = Duration::from_secs(number(&value()?)?),
            "--milliseconds" => arguments.time = Duration::from_millis(number(&value()?)?),
            "--inputs" => arguments.inputs = number(&value()?)?,
            "--seed" => arguments.seed = number(&value()?)?,
            "--findings" => arguments.findings = PathBuf::from(value()?),
            "--worker" => arguments.worker = Some(PathBuf::from(value()?)),
            option if option.starts_with('-') => {
                return Err(FuzzError::Usage(format!("there is no option `{option}`")));
            }
            _ => arguments.files.push(word),
        }
    }
    if arguments.targets.len() > 1 && !arguments.files.is_empty() {
        return Err(FuzzError::Usage(
            "an input belongs to one target".to_owned(),
        ));
    }
    Ok(arguments)
}

fn number(text: &str) -> Result<u64, FuzzError> {
    let number = text.parse();
    number.map_err(|_| FuzzError::Usage(format!("`{text}` is not a whole number")))
}
