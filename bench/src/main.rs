//! How fast the stages are, as ratios to a plain loop of the Kafka client that only reads records and writes them again.
//!
//! `cargo run --release --package alidade-bench` starts a broker, fills a topic, and then measures, several times and in
//! turn: the plain loop, and the parser stage with the four transformations of the squid walk-through and model answers
//! from the cache. Last it runs parser, enrichment and indexing together and prints their memory. Each measured part is a
//! process of its own. Absolute figures depend on the machine; the ratios are what counts.

mod lines;
mod measure;
mod parts;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("part") => parts::run(&arguments[1..]),
        Some("--help" | "-h") => {
            println!(
                "usage: alidade-bench [LINES [ROUNDS]]   (500000 lines and 5 rounds without them)"
            );
            return ExitCode::SUCCESS;
        }
        _ => measure::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
