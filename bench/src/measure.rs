//! Starts the broker, fills it, runs the parts in turn and prints what they came to.

use std::time::{Duration, Instant};

use alidade_testkit::{Kafka, KafkaClient, Process, ProcessBuilder};

use crate::lines::line;

type Failure = Box<dyn std::error::Error>;

const INPUT: &str = "squid";
/// A part that takes longer than this has failed.
const TIME_LIMIT: Duration = Duration::from_secs(180);

/// One run of a part.
struct Run {
    records_per_second: f64,
    /// Processor time of the process, in microseconds a record.
    cpu_micros: f64,
    /// Most memory that the process ever held, in MiB.
    peak_mib: f64,
}

pub fn run(arguments: &[String]) -> Result<(), Failure> {
    let number =
        |at: usize, default: u64| arguments.get(at).map_or(Ok(default), |text| text.parse());
    let (lines, rounds) = (number(0, 500_000)?.max(10), number(1, 5)?.max(1));
    let kafka = Kafka::start()?;
    let client = kafka.client();
    kafka.create_topic(INPUT, 1)?;
    fill(&client, lines)?;
    println!("{lines} squid lines, one partition, {rounds} rounds, broker on the same machine\n");
    println!(
        "{:<28}{:>12}{:>14}{:>12}",
        "part", "records/s", "CPU us/record", "peak MiB"
    );
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let bare = measure(&kafka, &client, "loop", round, lines)?;
        let parser = measure(&kafka, &client, "parser", round, lines)?;
        ratios.push(parser.records_per_second / bare.records_per_second);
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "\nparser stage to plain loop: median {:.2}, lowest {:.2}, highest {:.2}",
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1]
    );
    three_stages(&kafka, &client, lines)
}

fn fill(client: &KafkaClient, lines: u64) -> Result<(), Failure> {
    const CHUNK: u64 = 50_000;
    for start in (0..lines).step_by(CHUNK as usize) {
        client.produce(INPUT, (start..(start + CHUNK).min(lines)).map(line))?;
    }
    Ok(())
}

/// Runs one part over the whole input topic. The rate is taken from the first tenth of the output to its end, so that
/// starting up does not count.
fn measure(
    kafka: &Kafka,
    client: &KafkaClient,
    part: &str,
    round: u64,
    lines: u64,
) -> Result<Run, Failure> {
    let output = format!("{part}-{round}");
    kafka.create_topic(&output, 1)?;
    let mut process = start(kafka, part, &output, &format!("{part}-{round}-group"))?;
    let (first_at, first) = wait_for(client, &output, lines / 10, &mut process)?;
    let (last_at, _) = wait_for(client, &output, lines, &mut process)?;
    let run = Run {
        records_per_second: (lines - first) as f64 / (last_at - first_at).as_secs_f64(),
        cpu_micros: cpu_seconds(process.pid())? * 1e6 / lines as f64,
        peak_mib: peak_mib(process.pid())?,
    };
    process.kill();
    print(part, &run);
    Ok(run)
}

fn three_stages(kafka: &Kafka, client: &KafkaClient, lines: u64) -> Result<(), Failure> {
    for topic in ["enrichments", "indexing"] {
        kafka.create_topic(topic, 1)?;
    }
    let mut process = start(kafka, "three", "unused", "three-group")?;
    let started = Instant::now();
    let deadline = started + TIME_LIMIT;
    while client.lag("indexing-ra", "indexing")? > 0 || ends(client, "indexing")? < lines {
        check(&mut process, deadline)?;
        std::thread::sleep(Duration::from_millis(100));
    }
    let run = Run {
        records_per_second: lines as f64 / started.elapsed().as_secs_f64(),
        cpu_micros: cpu_seconds(process.pid())? * 1e6 / lines as f64,
        peak_mib: peak_mib(process.pid())?,
    };
    println!();
    print("three stages in one process", &run);
    Ok(())
}

fn start(kafka: &Kafka, part: &str, output: &str, group: &str) -> Result<Process, Failure> {
    let program = std::env::current_exe()?;
    let brokers = kafka.bootstrap();
    let arguments = ["part", part, &brokers, INPUT, output, group];
    Ok(ProcessBuilder::new(program).args(arguments).spawn()?)
}

fn wait_for(
    client: &KafkaClient,
    topic: &str,
    wanted: u64,
    process: &mut Process,
) -> Result<(Instant, u64), Failure> {
    let deadline = Instant::now() + TIME_LIMIT;
    loop {
        let reached = ends(client, topic)?;
        if reached >= wanted {
            return Ok((Instant::now(), reached));
        }
        check(process, deadline)?;
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn check(process: &mut Process, deadline: Instant) -> Result<(), Failure> {
    if !process.is_running() || Instant::now() > deadline {
        return Err(format!("a part did not come to its end:\n{}", process.log()).into());
    }
    Ok(())
}

fn ends(client: &KafkaClient, topic: &str) -> Result<u64, Failure> {
    let ends = client.end_offsets(topic)?;
    Ok(u64::try_from(ends.values().sum::<i64>())?)
}

fn print(part: &str, run: &Run) {
    println!(
        "{part:<28}{:>12.0}{:>14.2}{:>12.0}",
        run.records_per_second, run.cpu_micros, run.peak_mib
    );
}

/// User and system time of a process.
fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| {
        fields
            .get(at)
            .and_then(|text| text.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    Ok((ticks(11) + ticks(12)) / TICKS_A_SECOND)
}

fn peak_mib(pid: u32) -> Result<f64, Failure> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).unwrap_or("0").parse()?;
    Ok(kib / 1024.0)
}
