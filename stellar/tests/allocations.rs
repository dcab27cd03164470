//! What conditions on the fields of a message allocate: nothing.

use alidade_event::{Event, Value};
use alidade_stellar::{Context, Layers, Library, NoRemote, Scope, compile, compile_predicate};

fn message() -> Event {
    let mut event = Event::new();
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
    event.set(
        "original_string",
        "1571163620.277 192 10.20.113.7 TCP_MISS/301",
    );
    event.set("source.type", "squid");
    event.set("ratio", 0.25);
    event.set("ip", "93.184.216.34");
    event.set("guid", "b86bd884-7d3f-85eb-bef2-dde9ee99c1a1");
    event.set("is_alert", "true");
    event.set("a_name_of_more_than_23_bytes", "x");
    let tags = ["a", "b", "c"].map(Value::str).to_vec();
    event.set("tags", Value::list(tags));
    event
}

/// Allocations of one evaluation of a condition, after a first one, which may fill caches.
fn allocations(source: &str, scope: &dyn Scope) -> u64 {
    let program = compile_predicate(source, &Library::metron()).unwrap();
    let mut remote = NoRemote;
    let mut context = Context::new(&Value::Null, 1_571_163_620_277, &mut remote);
    program.evaluate_predicate(scope, &mut context).unwrap();
    let counted = allocation_counter::measure(|| {
        let _ = program.evaluate_predicate(scope, &mut context);
    });
    counted.count_total
}

const CONDITIONS: &[&str] = &[
    r"exists(ip) and not(IN_SUBNET(ip, '10.0.0.0/8', '192.168.0.0/16')) and REGEXP_MATCH(url, '.*\\.exe$')",
    "code == 301",
    "code == 301 and bytes > 100 or elapsed <= 5",
    "bytes + elapsed * 2 >= 400 and ratio < 0.5",
    "guid == 'b86bd884-7d3f-85eb-bef2-dde9ee99c1a1'",
    "original_string == original_string",
    "method != 'POST' and action > 'TCP_HIT'",
    "is_alert and action and exists(method)",
    "not(missing) and missing == null",
    "not(is_alert == 'false')",
    "a_name_of_more_than_23_bytes == 'x'",
    "method in ['GET', 'POST']",
    "method not in ['a','b','c','d','e','f','g','h','i','j','k','l','m','n','o','p']",
    "code in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 301]",
    "'exe' in url",
    "'b' in tags",
    "IN_SUBNET(ip_src_addr, '10.0.0.0/8')",
    "IN_SUBNET(ip, '10.0.0.0/8', '192.168.0.0/16', '93.184.0.0/16')",
    "IS_IP(ip) and IS_IP(ip, 'IPV4')",
    "STARTS_WITH(url, 'http') and ENDS_WITH(url, 'exe')",
    "LENGTH(url) > 10",
    "IS_EMPTY(missing)",
    "if code == 301 then bytes > 5 else false",
    "match { code == 200 => false, code == 404 => false, code == 301 => true, default => false }",
    "MAP_EXISTS('a', {'a' : 1})",
    "MAP_GET('code', _) == 301",
    "REDUCE([1, 2, 3], (sum, x) -> sum + x, 0) == 6",
];

#[test]
fn conditions_on_fields_allocate_nothing() {
    let event = message();
    for source in CONDITIONS {
        assert_eq!(allocations(source, &event), 0, "{source}");
    }
}

#[test]
fn conditions_on_layers_allocate_nothing() {
    let (event, other) = (message(), Event::new());
    let layers = [&other as &dyn Scope, &event, &other];
    for source in CONDITIONS {
        assert_eq!(allocations(source, &Layers(&layers)), 0, "{source}");
    }
}

#[test]
fn a_value_that_is_read_is_not_copied() {
    let mut event = message();
    let many: Vec<Value> = (0..1_000).map(|at| Value::from(at.to_string())).collect();
    event.set("many", Value::list(many));
    for source in ["many", "url", "if code == 301 then many else null"] {
        let program = compile(source, &Library::metron()).unwrap();
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, 0, &mut remote);
        let counted = allocation_counter::measure(|| {
            let _ = program.evaluate(&event, &mut context);
        });
        assert_eq!(counted.count_total, 0, "{source}");
    }
}
