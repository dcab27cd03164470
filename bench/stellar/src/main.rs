//! What an evaluation of a Stellar expression costs: nanoseconds and allocations.
//!
//! `cargo run --release --package alidade-bench-stellar [ROUNDS [NAME]]` measures every case (or those whose name contains
//! NAME) in several rounds, in turn, and prints the median and the best round. Allocations are counted in a run of their
//! own; the counting allocator stands in all runs and costs about a nanosecond an allocation.

mod cases;
mod message;

use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use cases::Case;

const ROUNDS: usize = 101;
/// How long one round of one case takes about: short, so that on a busy machine some round is left alone.
const ROUND_TIME: Duration = Duration::from_millis(2);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let rounds = match arguments.next().map(|text| text.parse::<usize>()) {
        None => ROUNDS,
        Some(Ok(rounds)) if rounds > 0 => rounds,
        _ => {
            eprintln!("usage: alidade-bench-stellar [ROUNDS [NAME]]   (101 rounds without it)");
            return ExitCode::FAILURE;
        }
    };
    let wanted = arguments.next().unwrap_or_default();
    match run(rounds, &wanted) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

/// A case with what has been measured of it.
struct Measured {
    case: Box<dyn Case>,
    repetitions: u32,
    /// Nanoseconds an evaluation, one for each round.
    rounds: Vec<f64>,
}

fn run(rounds: usize, wanted: &str) -> Result<(), String> {
    let mut all = Vec::new();
    for mut case in cases::all()? {
        if !case.name().contains(wanted) {
            continue;
        }
        // The first evaluation fills caches and shows whether the case works at all.
        case.evaluate()?;
        let repetitions = repetitions(case.as_mut())?;
        all.push(Measured {
            case,
            repetitions,
            rounds: Vec::with_capacity(rounds),
        });
    }
    for _ in 0..rounds {
        for measured in &mut all {
            let took = time(measured.case.as_mut(), measured.repetitions)?;
            let each = took.as_secs_f64() * 1e9 / f64::from(measured.repetitions);
            measured.rounds.push(each);
        }
    }
    println!(
        "{:<46}{:>11}{:>11}{:>13}{:>11}",
        "expression", "median ns", "best ns", "allocations", "bytes"
    );
    for measured in &mut all {
        print(measured)?;
    }
    Ok(())
}

/// How often a case has to run to fill the time of a round.
fn repetitions(case: &mut dyn Case) -> Result<u32, String> {
    let mut repetitions = 1u32;
    loop {
        let took = time(case, repetitions)?;
        if took * 4 >= ROUND_TIME || repetitions >= 1 << 24 {
            return Ok(repetitions.saturating_mul(4));
        }
        repetitions *= 2;
    }
}

fn time(case: &mut dyn Case, repetitions: u32) -> Result<Duration, String> {
    let started = Instant::now();
    for _ in 0..repetitions {
        black_box(case.evaluate()?);
    }
    Ok(started.elapsed())
}

fn print(measured: &mut Measured) -> Result<(), String> {
    let mut outcome = Ok(());
    let allocations = allocation_counter::measure(|| {
        outcome = measured.case.evaluate().map(drop);
    });
    outcome?;
    measured.rounds.sort_by(f64::total_cmp);
    println!(
        "{:<46}{:>11.0}{:>11.0}{:>13}{:>11}",
        measured.case.name(),
        measured.rounds[measured.rounds.len() / 2],
        measured.rounds[0],
        allocations.count_total,
        allocations.bytes_total
    );
    Ok(())
}
