//! Targets in processes of their own: bounded in time, memory and stack.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::engine::{self, Plan, Pulse, Report};
use crate::{Observed, Target};

/// Longest computing time of one input, without optimization.
const MAX_TIME: Duration = Duration::from_secs(2);
/// Longest time that one input may wait without computing.
const MAX_WAIT: Duration = Duration::from_secs(120);
/// What a target's process may take, in KiB.
const MAX_MEMORY: u64 = 1 << 20;
/// As much as a thread usually has.
const STACK: usize = 2 << 20;
/// How a process says that it had findings and has told them.
const FOUND: u8 = 2;

/// What to feed, for each target.
#[derive(Debug, Clone)]
pub struct Order {
    pub seed: u64,
    pub time: Duration,
    /// After so many inputs a target is done as well.
    pub inputs: u64,
    pub findings: PathBuf,
}

/// Feeds targets, as many at a time as there are processors; whether all of them held.
///
/// # Errors
/// When a process cannot be started or a file not be written.
pub fn supervise(targets: &[&'static Target], order: &Order) -> io::Result<bool> {
    let width = thread::available_parallelism().map_or(1, usize::from);
    let waiting = Mutex::new(targets.to_vec());
    let outcomes: Mutex<Vec<io::Result<bool>>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..width.min(targets.len()) {
            scope.spawn(|| {
                while let Some(target) = waiting.lock().ok().and_then(|mut targets| targets.pop()) {
                    let outcome = supervise_one(target, order);
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.push(outcome);
                    }
                }
            });
        }
    });
    let mut held = true;
    for outcome in outcomes.into_inner().unwrap_or_default() {
        held &= outcome?;
    }
    Ok(held)
}

fn supervise_one(target: &Target, order: &Order) -> io::Result<bool> {
    std::fs::create_dir_all(&order.findings)?;
    let current = order
        .findings
        .join(format!("running-{}-{}", target.name, std::process::id()));
    let status = Command::new("sh")
        .args([
            "-c",
            "ulimit -v \"$0\" 2>/dev/null; ulimit -c 0; exec \"$@\"",
        ])
        .arg(MAX_MEMORY.to_string())
        .arg(std::env::current_exe()?)
        .args([target.name, "--worker"])
        .arg(&current)
        .args(["--seed", &order.seed.to_string()])
        .args(["--milliseconds", &order.time.as_millis().to_string()])
        .args(["--inputs", &order.inputs.to_string()])
        .arg("--findings")
        .arg(&order.findings)
        .status()?;
    let held = judge(target, order, status, &current);
    let removed = std::fs::remove_file(&current);
    let held = held?;
    removed?;
    Ok(held)
}

fn judge(target: &Target, order: &Order, status: ExitStatus, current: &Path) -> io::Result<bool> {
    if status.success() {
        return Ok(true);
    }
    if status.code() == Some(i32::from(FOUND)) {
        return Ok(false);
    }
    let input = engine::read_current(current)?;
    let path = engine::write_finding(target, &order.findings, &input)?;
    let message = format!("the process ended with {status}: stack or memory overflow, or an abort");
    engine::tell_finding(target, &path, &input, &message);
    Ok(false)
}

/// The process of one target: feeds it on another thread and watches that it goes on.
///
/// # Errors
/// When a file cannot be written.
pub fn work(target: &'static Target, plan: Plan) -> io::Result<ExitCode> {
    engine::quiet_panics();
    let begin = Instant::now();
    let pulse = Arc::new(Pulse::default());
    let thread_pulse = Arc::clone(&pulse);
    let thread_plan = plan.clone();
    let feeding = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || engine::feed(target, &thread_plan, &thread_pulse))?;
    let mut watch = Watch::new(&pulse);
    while !feeding.is_finished() {
        thread::sleep(Duration::from_millis(50));
        let Some(time) = watch.overdue() else {
            continue;
        };
        let input = engine::read_current(&plan.current)?;
        let path = engine::write_finding(target, &plan.findings, &input)?;
        let message = format!("no end after {:.1} s of computing", time.as_secs_f32());
        engine::tell_finding(target, &path, &input, &message);
        return Ok(ExitCode::from(FOUND));
    }
    let outcome = feeding.join();
    let report: Report = outcome.map_err(|_| io::Error::other("the feeding thread is gone"))??;
    let seconds = begin.elapsed().as_secs_f32();
    println!(
        "{}: {} inputs in {seconds:.1} s, {} of them showed something new, {} findings",
        target.name, report.runs, report.kept, report.findings
    );
    match report.findings {
        0 => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::from(FOUND)),
    }
}

/// Runs one input as the processes do; whether it held.
///
/// # Errors
/// When the thread cannot be started.
pub fn replay(target: &'static Target, input: Vec<u8>) -> io::Result<bool> {
    engine::quiet_panics();
    let running = thread::Builder::new().stack_size(STACK).spawn(move || {
        // What the target prepares once is not the input's doing.
        (target.seeds)();
        let begin = computing_time();
        let fault = engine::run_once(target, &input, &mut Observed::default());
        (fault, computing_time().saturating_sub(begin))
    })?;
    let outcome = running.join();
    let (fault, time) = outcome.map_err(|_| io::Error::other("the thread of the input is gone"))?;
    let seconds = time.as_secs_f32();
    match &fault {
        Some(fault) => println!("{}: {} (after {seconds:.3} s)", target.name, fault.message),
        None if time > MAX_TIME => println!("{}: took {seconds:.3} s", target.name),
        None => println!("{}: nothing (after {seconds:.3} s)", target.name),
    }
    Ok(fault.is_none() && time <= MAX_TIME)
}

/// Notices an input that does not end. Counts computing time where the system tells it, so that a busy machine finds nothing.
struct Watch<'p> {
    pulse: &'p AtomicU64,
    seen: u64,
    since: Instant,
    used: Option<Duration>,
}

impl<'p> Watch<'p> {
    fn new(pulse: &'p AtomicU64) -> Self {
        Watch {
            pulse,
            seen: 0,
            since: Instant::now(),
            used: None,
        }
    }

    fn overdue(&mut self) -> Option<Duration> {
        let pulse = self.pulse.load(Ordering::Relaxed);
        if pulse != self.seen || self.used.is_none() {
            self.seen = pulse;
            self.since = Instant::now();
            self.used = Some(computing_time());
            return None;
        }
        let waited = self.since.elapsed();
        let used = computing_time().saturating_sub(self.used.unwrap_or_default());
        (pulse > 0 && (used > MAX_TIME || waited > MAX_WAIT)).then_some(used)
    }
}

/// The computing time of this process; zero where the system does not tell.
fn computing_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The name in parentheses may hold anything; the times are the 12th and 13th field after it, in hundredths.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: u64 = times.filter_map(|time| time.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_that_does_not_end_is_noticed() {
        let pulse = Pulse::new(1);
        let mut watch = Watch::new(&pulse);
        assert_eq!(watch.overdue(), None);
        watch.since = watch.since.checked_sub(MAX_WAIT * 2).unwrap();
        assert!(watch.overdue().is_some());
        pulse.store(2, Ordering::Relaxed);
        assert_eq!(watch.overdue(), None);
    }
}
