//! The event that expressions are evaluated over: every kind of value, and of each the ones that hurt.

use std::sync::OnceLock;

use alidade_event::{Event, Map, Set, Str, Value};
use alidade_stellar::{Context, Library, NoRemote, Types, compile};

/// A clock that stands still, in epoch milliseconds.
pub const NOW_MS: i64 = 1_571_163_620_277;

/// Values that only expressions can make.
const MADE: &[(&str, &str)] = &[
    ("stats", "STATS_ADD(STATS_INIT(), 1, 2, 3.5)"),
    ("window", "STATS_ADD(STATS_INIT(3), 1, 2, 3.5, 9)"),
    ("nostats", "STATS_INIT()"),
    ("hll", "HLLP_ADD(HLLP_INIT(5, 6), 'a')"),
    ("bloom", "BLOOM_ADD(BLOOM_INIT(10, 0.1), 'a', 1)"),
    ("sample", "SAMPLE_ADD(SAMPLE_INIT(2), [1, 'b', null])"),
    (
        "mad",
        "OUTLIER_MAD_ADD(OUTLIER_MAD_STATE_MERGE([], null), [1, 2, 3])",
    ),
    ("counts", "MULTISET_INIT(['a', 'a', null])"),
    ("lambda", "x -> x"),
    ("adder", "(x, y) -> x + y"),
    ("nothing", "() -> 1"),
    ("reader", "(x) -> [x, s, i + d]"),
    ("looper", "(x, y) -> MAP([x, y], z -> [y, z])"),
    // Values share what they are made of: twenty calls make one that holds a million others.
    ("doubler", "(x, y) -> [x, x]"),
];

/// The event. Made once.
pub fn scope() -> &'static Event {
    static SCOPE: OnceLock<Event> = OnceLock::new();
    SCOPE.get_or_init(make)
}

/// The fields with the kinds of their values.
pub fn fields() -> &'static [(&'static str, Types)] {
    static FIELDS: OnceLock<Vec<(&'static str, Types)>> = OnceLock::new();
    FIELDS.get_or_init(|| {
        let mut fields: Vec<_> = scope()
            .iter()
            .map(|(name, value)| (name.as_str(), Types::of(value)))
            .collect();
        fields.push(("missing", Types::NULL));
        fields
    })
}

fn make() -> Event {
    let mut event = Event::new();
    for (name, value) in plain() {
        event.set(name, value);
    }
    let library = Library::metron();
    for (name, source) in MADE {
        let Ok(program) = compile(source, &library) else {
            continue;
        };
        let mut remote = NoRemote;
        let mut context = Context::new(&Value::Null, NOW_MS, &mut remote);
        if let Ok(value) = program.evaluate(&Event::new(), &mut context) {
            event.set(*name, value);
        }
    }
    event
}

fn plain() -> Vec<(&'static str, Value)> {
    let text = Value::str;
    let numbers = (0..40).map(|n| Value::Int(n * n - 7)).collect();
    vec![
        ("n", Value::Null),
        ("t", Value::Bool(true)),
        ("f", Value::Bool(false)),
        ("i", Value::Int(10)),
        ("zero", Value::Int(0)),
        ("imin", Value::Int(i32::MIN)),
        ("l", Value::Long(1_571_163_620_277)),
        ("lmin", Value::Long(i64::MIN)),
        ("lmax", Value::Long(i64::MAX)),
        (
            "big",
            Value::BigInt(Str::new("-123456789012345678901234567890")),
        ),
        ("float", Value::Float(-3.5)),
        ("fnan", Value::Float(f32::NAN)),
        ("d", Value::Double(0.1)),
        ("nan", Value::Double(f64::NAN)),
        ("inf", Value::Double(f64::NEG_INFINITY)),
        ("tiny", Value::Double(5e-324)),
        ("huge", Value::Double(1.7e308)),
        ("minus", Value::Double(-0.0)),
        ("empty", text("")),
        ("digits", text("12")),
        ("s", text("The quick brown fox, jumps; over")),
        ("blank", text(" \t\u{a0}\u{2003}\n")),
        (
            "uni",
            text("é😀e\u{301}ß\u{130}\u{fb01}\u{200d}\0\u{feff}日本"),
        ),
        ("many", Value::Str(Str::new("ab,".repeat(1_000)))),
        ("ip", text("192.168.1.5")),
        ("ip6", text("fe80::1%eth0")),
        (
            "url",
            text("https://us\u{e9}r:p@www.Example.co.uk:8443/a%20b/../c?d=e#f"),
        ),
        ("domain", text("www.xn--bcher-kva.co.uk.")),
        ("date", text("2019-10-15 18:20:20.123")),
        ("format", text("%-10.3f|%s|%,d|%n%%|%08x|%e")),
        ("regex", text("(a|b)*?(?<x>c+)\\1[^\\d&&[e]]$")),
        ("json", text("{\"a\":[1,2.5,null,{\"b\":\"\\u00e9\"}]}")),
        ("hash", text("9q8yyk8ytpxr")),
        (
            "list",
            Value::list(vec![
                Value::Int(1),
                text("x"),
                Value::Null,
                Value::list(vec![Value::Double(2.5)]),
            ]),
        ),
        ("none", Value::list(Vec::new())),
        ("numbers", Value::list(numbers)),
        (
            "texts",
            Value::list(vec![text("b"), text("a"), text(""), text("b")]),
        ),
        ("deep", deep(90)),
        (
            "set",
            Value::set(
                [
                    text("a"),
                    Value::Int(1),
                    Value::Long(1),
                    Value::Double(f64::NAN),
                ]
                .into_iter()
                .collect::<Set>(),
            ),
        ),
        (
            "map",
            map(vec![
                (text("a"), Value::Int(1)),
                (text("b"), Value::list(Vec::new())),
                (text("1"), Value::Null),
            ]),
        ),
        (
            "odd",
            map(vec![
                (Value::Int(1), text("x")),
                (Value::Null, Value::Null),
                (Value::list(vec![text("k")]), Value::Double(f64::NAN)),
            ]),
        ),
        (
            "point",
            map(vec![
                (text("latitude"), text("37.77")),
                (text("longitude"), Value::Double(-122.41)),
            ]),
        ),
        ("a.b:c", text("dotted")),
    ]
}

fn deep(levels: usize) -> Value {
    let mut value = Value::Int(1);
    for level in 0..levels {
        value = match level % 2 {
            0 => Value::list(vec![value]),
            _ => map(vec![(Value::str("k"), value)]),
        };
    }
    value
}

fn map(entries: Vec<(Value, Value)>) -> Value {
    let mut map = Map::new();
    for (key, value) in entries {
        map.insert(key, value);
    }
    Value::map(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_is_there() {
        let kinds = [
            Types::NULL,
            Types::BOOLEAN,
            Types::INTEGER,
            Types::DECIMAL,
            Types::TEXT,
            Types::LIST,
            Types::MAP,
            Types::SET,
            Types::LAMBDA,
            Types::OBJECT,
        ];
        for kind in kinds {
            assert!(fields().iter().any(|(_, field)| *field == kind), "{kind:?}");
        }
        for (name, _) in MADE {
            assert!(scope().contains(name), "{name}");
        }
    }
}
