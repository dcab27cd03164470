use std::fmt::Write;

use super::calendar::Fields;
use super::names::{DAYS, ERAS, HALVES, MONTHS, short};
use super::pattern::{DatePattern, Piece};
use super::zone::{Zone, signed};
use crate::convert::to_long;
use crate::library::prelude::*;

/// An instant in the words of a pattern.
pub(super) fn format_date(pattern: &DatePattern, epoch_ms: i64, zone: &Zone) -> String {
    let fields = zone.local_fields(epoch_ms);
    let mut out = String::new();
    for piece in &pattern.0 {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Field(letter, count) => {
                field(*letter, *count, epoch_ms, zone, &fields, &mut out)
            }
        }
    }
    out
}

fn field(
    letter: char,
    count: usize,
    epoch_ms: i64,
    zone: &Zone,
    fields: &Fields,
    out: &mut String,
) {
    let number = match letter {
        'G' => return out.push_str(ERAS[usize::from(fields.era() > 0)]),
        'y' => return year(fields.year_of_era(), count, out),
        'Y' => return year(fields.week_year(), count, out),
        'M' | 'L' if count >= 3 => {
            let name = MONTHS[(fields.date.month - 1).rem_euclid(12) as usize];
            return out.push_str(if count == 3 { short(name) } else { name });
        }
        'E' => {
            let name = DAYS[(fields.day_of_week() - 1).rem_euclid(7) as usize];
            return out.push_str(if count <= 3 { short(name) } else { name });
        }
        'a' => return out.push_str(HALVES[usize::from(fields.hour() >= 12)]),
        'z' => return out.push_str(&zone.abbreviation(epoch_ms)),
        'Z' => return out.push_str(&signed(zone.offset_seconds(epoch_ms), "")),
        'X' => return iso_offset(zone.offset_seconds(epoch_ms), count, out),
        'M' | 'L' => fields.date.month,
        'd' => fields.date.day,
        'u' => (fields.day_of_week() + 5) % 7 + 1,
        'H' => fields.hour(),
        'k' => (fields.hour() + 23) % 24 + 1,
        'K' => fields.hour() % 12,
        'h' => (fields.hour() + 11) % 12 + 1,
        'm' => fields.minute(),
        's' => fields.second(),
        'S' => fields.millisecond(),
        'w' => fields.week_of_year(),
        'W' => fields.week_of_month(),
        'D' => fields.day_of_year(),
        _ => fields.day_of_week_in_month(),
    };
    let _ = write!(out, "{number:0count$}");
}

/// Two letters give two digits, any other number at least that many.
fn year(year: i64, count: usize, out: &mut String) {
    let _ = match count {
        2 => write!(out, "{:02}", year.rem_euclid(100)),
        _ => write!(out, "{year:0count$}"),
    };
}

fn iso_offset(seconds: i32, count: usize, out: &mut String) {
    if seconds == 0 {
        return out.push('Z');
    }
    let text = signed(seconds, if count == 3 { ":" } else { "" });
    let shown = if count == 1 {
        text.get(..3)
    } else {
        Some(text.as_str())
    };
    out.push_str(shown.unwrap_or_default());
}

/// What `%t` and a letter give in FORMAT, in UTC; nothing when the value is no time or the letter has no meaning.
pub(crate) fn format_conversion(letter: char, value: &Value) -> Option<String> {
    let epoch_ms = match value {
        Value::Long(_) => to_long(value)?,
        _ => return None,
    };
    let pattern = match letter {
        'H' => "HH",
        'I' => "hh",
        'k' => "H",
        'l' => "h",
        'M' => "mm",
        'S' => "ss",
        'L' => "SSS",
        'N' => "SSS'000000'",
        'p' => return Some(format_conversion('@', value)?.to_lowercase()),
        '@' => "a",
        'z' => "Z",
        'Z' => "z",
        's' => return Some(epoch_ms.div_euclid(1_000).to_string()),
        'Q' => return Some(epoch_ms.to_string()),
        'B' => "MMMM",
        'b' | 'h' => "MMM",
        'A' => "EEEE",
        'a' => "EEE",
        'C' => {
            let year = Zone::utc().local_fields(epoch_ms).date.year;
            return Some(format!("{:02}", year.div_euclid(100)));
        }
        'Y' => "yyyy",
        'y' => "yy",
        'j' => "DDD",
        'm' => "MM",
        'd' => "dd",
        'e' => "d",
        'R' => "HH:mm",
        'T' => "HH:mm:ss",
        'r' => "hh:mm:ss a",
        'D' => "MM/dd/yy",
        'F' => "yyyy-MM-dd",
        'c' => "EEE MMM dd HH:mm:ss z yyyy",
        _ => return None,
    };
    let pattern = DatePattern::parse(pattern).ok()?;
    Some(format_date(&pattern, epoch_ms, &Zone::utc()))
}
