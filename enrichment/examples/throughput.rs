//! How many events a second one core enriches and scores with the configuration of the squid walk-through:
//! `cargo run --release -p alidade-enrichment --example throughput`.

use std::time::{Duration, Instant};

use alidade_enrichment::{Enricher, EnrichmentSettings, SensorEnrichmentConfig};
use alidade_event::{Event, NumberStyle, Value};
use alidade_stellar::{Context, Library, NoRemote};

const CONFIG: &str = include_str!("../tests/golden/squid_malicious/config.json");
const MALICIOUS: &str = include_str!("../tests/golden/squid_malicious/message.json");
const LEGIT: &str = include_str!("../tests/golden/squid_legit/message.json");

const BATCH: usize = 1000;
const ROUNDS: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config: SensorEnrichmentConfig = serde_json::from_str(CONFIG)?;
    let enricher = Enricher::compile(
        "squid",
        &config,
        &EnrichmentSettings::default(),
        &Library::metron(),
    )
    .map_err(|problems| problems.iter().map(ToString::to_string).collect::<String>())?;
    for (name, json) in [("no alert", LEGIT), ("alert", MALICIOUS)] {
        let event = Event::read_json(json.as_bytes(), NumberStyle::Simple)?;
        let rate = events_per_second(&enricher, &event);
        println!("{name}: {rate:.0} events/s");
    }
    Ok(())
}

fn events_per_second(enricher: &Enricher, event: &Event) -> f64 {
    let mut remote = NoRemote;
    let mut errors = Vec::new();
    let mut spent = Duration::ZERO;
    for round in 0..ROUNDS {
        let mut batch = vec![event.clone(); BATCH];
        let now_ms = 1_571_163_620_277 + round as i64;
        let mut context = Context::new(&Value::Null, now_ms, &mut remote);
        let start = Instant::now();
        for event in &mut batch {
            enricher.enrich(event, &mut context, &mut errors);
        }
        spent += start.elapsed();
    }
    (BATCH * ROUNDS) as f64 / spent.as_secs_f64()
}
