use alidade_event::{Event, NumberStyle, Value, read_value};
use serde_json::Value as Json;

use super::{Target, Violation, promise};
use crate::{Observed, Random};

pub const TARGET: Target = Target {
    name: "event-json",
    run,
    seeds,
    generate: Some(write_document),
    words,
};

fn seeds() -> Vec<Vec<u8>> {
    let cases = include_str!("../../../parsers/tests/data/parse.jsonl");
    let messages = cases.lines().filter_map(|line| {
        let case: Json = serde_json::from_str(line).ok()?;
        Some(
            case.pointer("/expected/messages/0")?
                .to_string()
                .into_bytes(),
        )
    });
    let odd = [
        r#"{"a":1,"a":2,"b":{"a":null,"a":[]}}"#,
        r#"{"a":-0,"b":-0.0,"c":1e400,"d":123456789012345678901234567890,"e":1E-400}"#,
        r#"{"\u0000":"\ud83d\ude00\/\b\f","é":"\u2028"}"#,
        r#"[9223372036854775807,9223372036854775808,2147483648,-2147483649,0.1,1.0E10]"#,
    ];
    messages
        .chain(odd.map(|text| text.as_bytes().to_vec()))
        .collect()
}

fn words() -> Vec<String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "null",
        "true",
        "false",
        "\"\"",
        "\"a\":",
        "\\u0000",
        "\\ud800",
        "\\udc00",
        "1e9999",
        "-0",
        "0.1e-7",
        "\u{feff}",
        " \n",
        "\\/",
        "\"timestamp\":",
        "\"guid\":",
    ];
    words.map(str::to_owned).to_vec()
}

fn write_document(random: &mut Random) -> Vec<u8> {
    let mut text = String::new();
    write_value(random, 4, &mut text);
    text.into_bytes()
}

fn write_value(random: &mut Random, depth: usize, out: &mut String) {
    let nested = depth > 0;
    match random.below(if nested { 8 } else { 5 }) {
        0 => out.push_str(random.word(&["null", "true", "false"])),
        1 => out.push_str(&random.below(1 << 40).to_string()),
        2 => out.push_str(random.word(&[
            "0",
            "-0",
            "-0.0",
            "0.1",
            "1e5",
            "1.5E-300",
            "1e400",
            "123456789012345678901234567890",
            "2147483648",
            "-9223372036854775808",
            "9223372036854775808",
            "4.9e-324",
            "1.0",
        ])),
        3 | 4 => out.push_str(random.word(&[
            "\"\"",
            "\"a\"",
            "\"é😀\"",
            "\"\\u0000\\n\\/\"",
            "\"\\ud83d\\ude00\"",
            "\"a.b:c\"",
            "\"\\\\\\\"\"",
        ])),
        5 => {
            out.push('[');
            for at in 0..random.below(4) {
                out.push_str(if at > 0 { "," } else { "" });
                write_value(random, depth - 1, out);
            }
            out.push(']');
        }
        _ => {
            out.push('{');
            for at in 0..random.below(5) {
                out.push_str(if at > 0 { "," } else { "" });
                out.push_str(random.word(&[
                    "\"a\"",
                    "\"b\"",
                    "\"\"",
                    "\"é\"",
                    "\"a.b:c\"",
                    "\"\\u0061\"",
                ]));
                out.push(':');
                write_value(random, depth - 1, out);
            }
            out.push('}');
        }
    }
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let plain = serde_json::from_slice::<Json>(input);
    for style in [NumberStyle::Simple, NumberStyle::Jackson] {
        let value = read_value(input, style);
        if let Err(error) = &value {
            observed.note_message(&error.to_string());
        }
        promise(value.is_ok() == plain.is_ok(), || {
            format!("read as {value:?}, but another reader says {plain:?}")
        })?;
        let Ok(value) = value else { continue };
        observed.note(("value", value.type_name()));
        let text = value.to_json();
        let again = read_value(text.as_bytes(), style).map_err(|error| {
            Violation(format!("what was written cannot be read: {error}: {text}"))
        })?;
        promise(again == value, || {
            format!("{value:?} comes back as {again:?}")
        })?;
        check_event(input, style, &value)?;
        promise(Value::from_serde(&value.to_serde(), style) == value, || {
            format!("{value:?} does not survive the other representation")
        })?;
    }
    Ok(())
}

/// An event is read from exactly the objects, with the same fields.
fn check_event(input: &[u8], style: NumberStyle, value: &Value) -> Result<(), Violation> {
    let event = Event::read_json(input, style);
    let Value::Map(map) = value else {
        return promise(event.is_err(), || "an event that is no object".to_owned());
    };
    let event = event.map_err(|error| Violation(format!("an object is no event: {error}")))?;
    promise(event.len() == map.len(), || {
        format!("{event:?} from {map:?}")
    })?;
    for (name, value) in event.iter() {
        promise(map.get_str(name) == Some(value), || {
            format!(
                "the field {name:?} is {value:?}, not {:?}",
                map.get_str(name)
            )
        })?;
    }
    let text = event.to_json();
    let again = Event::read_json(text.as_bytes(), style);
    promise(again.is_ok_and(|again| again.to_json() == text), || {
        format!("{text} does not come back")
    })
}
