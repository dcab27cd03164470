//! Cisco ISE: `key=value` pairs between commas, after a header.

use alidade_event::{Event, FieldName, Map, Value, field};
use alidade_stellar::ConfigProblem;

use super::{MessageParser, Run, Setup};
use crate::charset::Charset;

/// Copied from the device's names to the standard ones.
const COPIED: [(&str, &str); 4] = [
    ("Device IP Address", field::IP_SRC_ADDR),
    ("Device Port", field::IP_SRC_PORT),
    ("DestinationIPAddress", field::IP_DST_ADDR),
    ("DestinationPort", field::IP_DST_PORT),
];
/// Pairs inside of pairs beyond this are an error.
const MAX_DEPTH: usize = 32;

#[derive(Debug)]
struct IseParser {
    charset: Charset,
}

pub(crate) fn build(setup: &mut Setup<'_>) -> Result<Box<dyn MessageParser>, Vec<ConfigProblem>> {
    let charset = setup.charset().map_err(|problem| vec![problem])?;
    Ok(Box::new(IseParser { charset }))
}

fn parse_message(text: &str) -> Result<Event, String> {
    if text.contains('"') {
        return Err("a double quote is not allowed".to_owned());
    }
    let mut event = Event::with_capacity(48);
    let line = format!("header={text}");
    for pair in pairs(&line) {
        if pair.is_empty() {
            continue;
        }
        let sign = sign_in(pair).ok_or_else(|| format!("`{pair}` is not key=value"))?;
        let key = pair.get(..sign).unwrap_or_default().trim();
        event.set(
            FieldName::new(key),
            value_of(pair.get(sign + 1..).unwrap_or_default(), 0)?,
        );
    }
    event.set(field::ORIGINAL_STRING, text);
    for (from, to) in COPIED {
        if let Some(value) = event.get(from).cloned() {
            event.set(to, value);
        }
    }
    Ok(event)
}

/// The trimmed parts between commas; a comma behind a backslash or inside braces separates nothing.
fn pairs(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut depth, mut escaped) = (0, 0usize, false);
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && !escaped => {
                parts.push(text.get(start..at).unwrap_or_default().trim());
                start = at + 1;
            }
            _ => {}
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(text.get(start..).unwrap_or_default().trim());
    parts
}

/// The first `=` outside brackets.
fn sign_in(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            '=' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// A value that is a pair itself becomes a map.
fn value_of(text: &str, depth: usize) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let Some(sign) = sign_in(text) else {
        return Ok(Value::str(text));
    };
    if depth >= MAX_DEPTH {
        return Err(format!("pairs nest deeper than {MAX_DEPTH} levels"));
    }
    let mut map = Map::new();
    let inner = value_of(text.get(sign + 1..).unwrap_or_default(), depth + 1)?;
    map.insert_str(text.get(..sign).unwrap_or_default().trim(), inner);
    Ok(Value::map(map))
}

impl MessageParser for IseParser {
    fn parse(&self, message: &[u8], run: &mut Run<'_>) {
        let text = self.charset.decode(message);
        match parse_message(&text) {
            Ok(event) => run.event(event),
            Err(reason) => run.fail(format!("Unable to parse {text}: {reason}")),
        }
    }

    /// Upstream demands nothing of these events, not even a time.
    fn is_valid(&self, _event: &Event) -> bool {
        true
    }

    fn charset(&self) -> Charset {
        self.charset
    }
}
