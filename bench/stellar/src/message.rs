//! What the expressions are evaluated over.

use alidade_event::{Event, Value};

/// A message as the squid parser makes it, with the fields that enrichment adds: 15 fields, a URL of 60 characters.
pub fn squid() -> Event {
    let mut event = Event::new();
    let line = "1571163620.277 192 10.20.113.7 TCP_MISS/301 366 GET http://www.download.example.co.uk/software/updates/setup.exe - DIRECT/93.184.216.34 text/html";
    event.set("timestamp", 1_571_163_620_277i64);
    event.set("elapsed", 192);
    event.set("ip_src_addr", "10.20.113.7");
    event.set("action", "TCP_MISS");
    event.set("code", 301);
    event.set("bytes", 366);
    event.set("method", "GET");
    event.set(
        "url",
        "http://www.download.example.co.uk/software/updates/setup.exe",
    );
    event.set("ip_dst_addr", "93.184.216.34");
    event.set("original_string", line);
    event.set("source.type", "squid");
    event.set("country", "GB");
    event.set("ip", "93.184.216.34");
    event.set("guid", "b86bd884-7d3f-85eb-bef2-dde9ee99c1a1");
    event.set("is_alert", "true");
    event
}

/// The same with lists of numbers.
pub fn with_lists() -> Event {
    let mut event = squid();
    event.set("hundred", Value::list((0..100).map(Value::Int).collect()));
    let thousand = (0..1_000).map(|at| Value::Double(f64::from(at * 7_919 % 1_000) / 8.0));
    event.set("thousand", Value::list(thousand.collect()));
    event
}
