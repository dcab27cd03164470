//! Feeds one target until its time is over, and keeps what breaks it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::mutate::mutate;
use crate::observed::shape;
use crate::{Observed, Random, Target};

/// Most different faults that one run looks for.
const MAX_FINDINGS: usize = 20;
/// Longest search for a smaller input that breaks the same.
const SHRINKING: Duration = Duration::from_secs(3);
/// Most inputs that are kept for altering.
const MAX_KEPT: usize = 20_000;

/// How long to feed, and where from.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    pub time: Duration,
    /// After so many inputs it is over as well.
    pub inputs: u64,
    /// Where inputs that break something are written.
    pub findings: PathBuf,
    /// Where the input that is being run stands, for whoever finds this process dead.
    pub current: PathBuf,
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    pub runs: u64,
    pub kept: usize,
    pub findings: usize,
}

/// An input that broke something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What happened, as a text for people.
    pub message: String,
    /// Equal for inputs that break the same.
    pub kind: String,
}

/// Counts the inputs that have been begun, so that another thread sees one that does not end.
pub type Pulse = AtomicU64;

/// Place and message of the last panic.
static LAST_PANIC: Mutex<Option<(String, String)>> = Mutex::new(None);

/// Keeps panics from being printed; [`run_once`] tells them.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let payload = panic.payload();
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned());
        let message = message.or_else(|| payload.downcast_ref::<String>().cloned());
        if let Ok(mut last) = LAST_PANIC.lock() {
            *last = Some((place.unwrap_or_default(), message.unwrap_or_default()));
        }
    }));
}

/// Runs one input; the fault if it broke something.
pub fn run_once(target: &Target, input: &[u8], observed: &mut Observed) -> Option<Fault> {
    observed.clear();
    match panic::catch_unwind(AssertUnwindSafe(|| (target.run)(input, observed))) {
        Ok(Ok(())) => None,
        Ok(Err(violation)) => Some(Fault {
            kind: shape(&violation.0),
            message: violation.0,
        }),
        Err(_) => {
            let last = LAST_PANIC.lock().ok().and_then(|mut last| last.take());
            let (place, message) = last.unwrap_or_default();
            Some(Fault {
                message: format!("panic at {place}: {message}"),
                kind: place,
            })
        }
    }
}

/// Feeds a target.
///
/// # Errors
/// When the files of the plan cannot be written.
pub fn feed(target: &Target, plan: &Plan, pulse: &Pulse) -> io::Result<Report> {
    let begin = Instant::now();
    let current = File::create(&plan.current)?;
    let mut random = Random::new(plan.seed);
    let words = (target.words)();
    let mut observed = Observed::default();
    let mut known: HashSet<u64> = HashSet::new();
    let mut kinds: HashSet<String> = HashSet::new();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut seeds = (target.seeds)();
    // Not always the same ones first, in case that the time is not enough for all.
    for at in (1..seeds.len()).rev() {
        seeds.swap(at, random.below(at + 1));
    }
    let mut report = Report::default();
    while begin.elapsed() < plan.time && report.runs < plan.inputs && kinds.len() < MAX_FINDINGS {
        let input = match seeds.pop() {
            Some(seed) => seed,
            None => next_input(target, &kept, &words, &mut random),
        };
        pulse.fetch_add(1, Ordering::Relaxed);
        note_current(&current, &input)?;
        report.runs += 1;
        if let Some(fault) = run_once(target, &input, &mut observed) {
            if kinds.insert(fault.kind.clone()) {
                let input = shrink(target, &input, &fault.kind, pulse, &current)?;
                let path = write_finding(target, &plan.findings, &input)?;
                tell_finding(target, &path, &input, &fault.message);
            }
            continue;
        }
        let mut is_new = false;
        for feature in observed.features() {
            is_new |= known.insert(*feature);
        }
        if is_new && kept.len() < MAX_KEPT {
            kept.push(input);
        }
    }
    report.kept = kept.len();
    report.findings = kinds.len();
    Ok(report)
}

fn next_input(target: &Target, kept: &[Vec<u8>], words: &[String], random: &mut Random) -> Vec<u8> {
    if let Some(generate) = target.generate
        && random.one_in(3)
    {
        return generate(random);
    }
    // What was found last leads furthest.
    let recent = kept.get(kept.len() - kept.len() / 4..).unwrap_or_default();
    let from = if random.one_in(2) { recent } else { kept };
    let input = random.pick(from).map_or(&[][..], Vec::as_slice);
    let other = random.pick(kept).map_or(&[][..], Vec::as_slice);
    mutate(input, other, words, random)
}

/// The smallest input that was found to break the same.
fn shrink(
    target: &Target,
    input: &[u8],
    kind: &str,
    pulse: &Pulse,
    current: &File,
) -> io::Result<Vec<u8>> {
    let begin = Instant::now();
    let mut observed = Observed::default();
    let mut smallest = input.to_vec();
    let mut size = smallest.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < smallest.len() {
            if begin.elapsed() > SHRINKING {
                return Ok(smallest);
            }
            let mut shorter = smallest.clone();
            shorter.drain(at..(at + size).min(smallest.len()));
            pulse.fetch_add(1, Ordering::Relaxed);
            note_current(current, &shorter)?;
            let fault = run_once(target, &shorter, &mut observed);
            match fault.is_some_and(|fault| fault.kind == kind) {
                true => smallest = shorter,
                false => at += size,
            }
        }
        size /= 2;
    }
    Ok(smallest)
}

/// One write, so that it costs little for each of many inputs.
fn note_current(file: &File, input: &[u8]) -> io::Result<()> {
    let length = u64::try_from(input.len()).unwrap_or(u64::MAX);
    let mut bytes = length.to_le_bytes().to_vec();
    bytes.extend_from_slice(input);
    file.write_all_at(&bytes, 0)
}

/// The input that a process was running when it ended.
///
/// # Errors
/// When the file is not there or holds less than it says.
pub fn read_current(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    let (length, rest) = bytes
        .split_first_chunk::<8>()
        .ok_or(io::ErrorKind::UnexpectedEof)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let input = rest.get(..length).ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(input.to_vec())
}

/// Writes an input that breaks something; where.
///
/// # Errors
/// When it cannot be written.
pub fn write_finding(target: &Target, folder: &Path, input: &[u8]) -> io::Result<PathBuf> {
    let mut name = Observed::default();
    name.note(input);
    let number = name.features().first().copied().unwrap_or_default();
    fs::create_dir_all(folder)?;
    let path = folder.join(format!("{}-{number:016x}", target.name));
    fs::write(&path, input)?;
    Ok(path)
}

/// Prints a finding and how to see it again.
pub fn tell_finding(target: &Target, path: &Path, input: &[u8], message: &str) {
    let shown: String = String::from_utf8_lossy(input).chars().take(300).collect();
    let message: String = message.chars().take(2_000).collect();
    println!(
        "{}: FOUND {message}\n  input ({} bytes): {shown:?}\n  again: cargo run -p alidade-fuzz -- {} {}",
        target.name,
        input.len(),
        target.name,
        path.display()
    );
}
