//! JSON in the form that upstream's json-simple gives, so that consumers see the same bytes.

use std::io::Write;

use crate::Value;

pub(crate) fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(number) => write_integer(i64::from(*number), out),
        Value::Long(number) => write_integer(*number, out),
        Value::BigInt(digits) => out.extend_from_slice(digits.as_bytes()),
        Value::Float(number) => {
            write_finite(number.is_finite(), out, |out| write_float(*number, out))
        }
        Value::Double(number) => {
            write_finite(number.is_finite(), out, |out| write_double(*number, out));
        }
        Value::Str(text) => write_string(text, out),
        Value::List(members) => write_list(members.iter(), out),
        Value::Set(members) => write_list(members.iter(), out),
        Value::Map(map) => write_map(map, out),
        Value::Object(object) => write_string(&object.display(), out),
    }
}

pub(crate) fn write_fields<'a>(
    fields: impl Iterator<Item = (&'a str, &'a Value)>,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    let mut first = true;
    for (name, value) in fields {
        if !first {
            out.push(b',');
        }
        first = false;
        write_string(name, out);
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_map(map: &crate::Map, out: &mut Vec<u8>) {
    out.push(b'{');
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match key {
            Value::Str(text) => write_string(text, out),
            Value::Object(object) => write_string(&object.display(), out),
            other => write_string(&other.to_json(), out),
        }
        out.push(b':');
        write_value(value, out);
    }
    out.push(b'}');
}

fn write_list<'a>(members: impl Iterator<Item = &'a Value>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, member) in members.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_value(member, out);
    }
    out.push(b']');
}

fn write_finite(finite: bool, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    if finite {
        write(out)
    } else {
        out.extend_from_slice(b"null")
    }
}

fn write_integer(number: i64, out: &mut Vec<u8>) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        at -= 1;
        digits[at] = b'-';
    }
    out.extend_from_slice(&digits[at..]);
}

/// Writes a double as Java's `Double.toString` does: `1.0`, `1.0E10`, `1.5E-7`, `NaN`, `Infinity`.
pub fn write_double(number: f64, out: &mut Vec<u8>) {
    if number.is_nan() || number.is_infinite() {
        return write_special(number.is_nan(), number > 0.0, out);
    }
    let magnitude = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let _ = write!(out, "{number:?}");
        return;
    }
    write_java_exponent(&format!("{number:e}"), out);
}

/// Writes a float as Java's `Float.toString` does.
pub fn write_float(number: f32, out: &mut Vec<u8>) {
    if number.is_nan() || number.is_infinite() {
        return write_special(number.is_nan(), number > 0.0, out);
    }
    let magnitude = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let _ = write!(out, "{number:?}");
        return;
    }
    write_java_exponent(&format!("{number:e}"), out);
}

fn write_special(nan: bool, positive: bool, out: &mut Vec<u8>) {
    let text: &[u8] = match (nan, positive) {
        (true, _) => b"NaN",
        (false, true) => b"Infinity",
        (false, false) => b"-Infinity",
    };
    out.extend_from_slice(text);
}

/// Turns Rust's `1.5e-7` into Java's `1.5E-7`, and `1e10` into `1.0E10`.
fn write_java_exponent(text: &str, out: &mut Vec<u8>) {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    out.extend_from_slice(mantissa.as_bytes());
    if !mantissa.contains('.') {
        out.extend_from_slice(b".0");
    }
    out.push(b'E');
    out.extend_from_slice(exponent.as_bytes());
}

/// Writes a string in quotes, with the escapes of json-simple: `/` as `\/`, control characters, U+007F to U+009F and
/// U+2000 to U+20FF as `\uXXXX`.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if !NEEDS_CARE[byte as usize] {
            at += 1;
            continue;
        }
        let (escape, width) = escape_at(bytes, at);
        if let Some(escape) = escape {
            out.extend_from_slice(&bytes[copied..at]);
            out.extend_from_slice(escape.as_slice());
            copied = at + width;
        }
        at += width;
    }
    out.extend_from_slice(&bytes[copied..]);
    out.push(b'"');
}

/// Bytes that may start something that is escaped: the ASCII ones, and the lead bytes of the escaped ranges.
static NEEDS_CARE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table[b'/' as usize] = true;
    table[0x7f] = true;
    table[0xc2] = true;
    table[0xe2] = true;
    table
};

struct Escape {
    text: [u8; 6],
    len: usize,
}

impl Escape {
    fn as_slice(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn short(letter: u8) -> Self {
        Escape {
            text: [b'\\', letter, 0, 0, 0, 0],
            len: 2,
        }
    }

    fn unicode(code: u32) -> Self {
        const HEX: &[u8; 16] = b"0123456789ABCDEF";
        let nibble = |shift: u32| HEX[((code >> shift) & 0xf) as usize];
        Escape {
            text: [b'\\', b'u', nibble(12), nibble(8), nibble(4), nibble(0)],
            len: 6,
        }
    }
}

/// The escape for the character at `at`, if it needs one, and the character's width in bytes.
fn escape_at(bytes: &[u8], at: usize) -> (Option<Escape>, usize) {
    let byte = bytes[at];
    let short = match byte {
        b'"' => Some(b'"'),
        b'\\' => Some(b'\\'),
        b'/' => Some(b'/'),
        0x08 => Some(b'b'),
        0x0c => Some(b'f'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    };
    if let Some(letter) = short {
        return (Some(Escape::short(letter)), 1);
    }
    match byte {
        0x00..=0x1f | 0x7f => (Some(Escape::unicode(u32::from(byte))), 1),
        0xc2 => {
            let second = bytes.get(at + 1).copied().unwrap_or(0);
            let code = 0x80 | u32::from(second & 0x3f);
            ((code <= 0x9f).then(|| Escape::unicode(code)), 2)
        }
        0xe2 => {
            let second = u32::from(bytes.get(at + 1).copied().unwrap_or(0) & 0x3f);
            let third = u32::from(bytes.get(at + 2).copied().unwrap_or(0) & 0x3f);
            let code = 0x2000 | (second << 6) | third;
            (
                (0x2000..=0x20ff)
                    .contains(&code)
                    .then(|| Escape::unicode(code)),
                3,
            )
        }
        _ => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn string(text: &str) -> String {
        let mut out = Vec::new();
        write_string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn double(number: f64) -> String {
        Value::Double(number).to_json()
    }

    #[test]
    fn strings_are_escaped_as_json_simple_does() {
        assert_eq!(string("http://a/\"\\"), r#""http:\/\/a\/\"\\""#);
        assert_eq!(
            string("\u{1}\u{7f}\u{9f}\u{a0}"),
            "\"\\u0001\\u007F\\u009F\u{a0}\""
        );
        assert_eq!(string("€ ü 😀 \u{2100}"), "\"\\u20AC ü 😀 \u{2100}\"");
        assert_eq!(string("\t\n\r\u{8}\u{c}"), r#""\t\n\r\b\f""#);
    }

    #[test]
    fn doubles_have_java_form() {
        assert_eq!(double(1.0), "1.0");
        assert_eq!(double(100.0), "100.0");
        assert_eq!(double(1e10), "1.0E10");
        assert_eq!(double(1.5e-7), "1.5E-7");
        assert_eq!(double(1e7), "1.0E7");
        assert_eq!(double(9_999_999.0), "9999999.0");
        assert_eq!(double(0.001), "0.001");
        assert_eq!(double(-0.0), "-0.0");
        assert_eq!(double(f64::NAN), "null");
        assert_eq!(double(f64::NEG_INFINITY), "null");
    }

    #[test]
    fn integers_are_plain() {
        assert_eq!(Value::Long(i64::MIN).to_json(), "-9223372036854775808");
        assert_eq!(Value::Int(0).to_json(), "0");
    }
}
