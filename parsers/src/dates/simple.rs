//! Java's `SimpleDateFormat`, reading side.

use jiff::tz::TimeZone;

use super::civil::{CivilTime, year_of};
use super::zone::{named_offset_at, offset_at};
use super::{MONTHS, name_at};

const WEEKDAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// A compiled pattern with the zone that counts where a text names none.
#[derive(Debug, Clone)]
pub(crate) struct JavaDateFormat {
    parts: Vec<Part>,
    zone: TimeZone,
}

#[derive(Debug, Clone, PartialEq)]
enum Part {
    Literal(String),
    Field {
        letter: char,
        count: usize,
        /// Another number follows without anything between, so exactly `count` digits belong to this one.
        exact: bool,
    },
}

/// What the fields of a text said.
#[derive(Debug, Default)]
struct Read {
    time: CivilTime,
    half_day_hour: Option<i64>,
    afternoon: bool,
    day_of_year: Option<i64>,
    offset_seconds: Option<i64>,
}

impl JavaDateFormat {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When a letter means nothing, or a quotation is not closed.
    pub fn compile(pattern: &str, zone: TimeZone) -> Result<Self, String> {
        let mut parts = split(pattern)?;
        for at in 0..parts.len() {
            let number_follows = parts.get(at + 1).is_some_and(Part::is_number);
            if let Some(Part::Field { exact, .. }) = parts.get_mut(at) {
                *exact = number_follows;
            }
        }
        Ok(JavaDateFormat { parts, zone })
    }

    /// Epoch milliseconds of a text; what follows the date is ignored, parts out of range carry over. `now_ms` decides
    /// the century of a year of two digits.
    ///
    /// # Errors
    /// Upstream's message when the text is not such a date.
    pub fn parse(&self, text: &str, now_ms: i64) -> Result<i64, String> {
        self.read(text, now_ms)
            .and_then(|(read, _)| self.resolve(&read))
            .ok_or_else(|| format!("Unparseable date: \"{text}\""))
    }

    /// Whether the whole text is such a date, and a real one.
    pub fn is_exactly(&self, text: &str, now_ms: i64) -> bool {
        self.read(text, now_ms)
            .is_some_and(|(read, rest)| rest.is_empty() && read.complete_time().is_real())
    }

    fn read<'t>(&self, text: &'t str, now_ms: i64) -> Option<(Read, &'t str)> {
        let mut rest = text;
        let mut read = Read::default();
        for part in &self.parts {
            rest = match part {
                Part::Literal(literal) => rest.strip_prefix(literal.as_str())?,
                Part::Field {
                    letter,
                    count,
                    exact,
                } => {
                    let text = rest.trim_start_matches([' ', '\t']);
                    let used = read.field(*letter, *count, *exact, text, now_ms)?;
                    text.get(used..)?
                }
            };
        }
        Some((read, rest))
    }

    fn resolve(&self, read: &Read) -> Option<i64> {
        let time = read.complete_time();
        match read.offset_seconds {
            Some(seconds) => time.at_offset(seconds * 1000),
            None => time.in_zone(&self.zone),
        }
    }
}

impl Part {
    fn is_number(&self) -> bool {
        match self {
            Part::Literal(_) => false,
            Part::Field { letter, count, .. } => match letter {
                'M' | 'L' => *count <= 2,
                'y' | 'Y' | 'd' | 'D' | 'H' | 'k' | 'K' | 'h' | 'm' | 's' | 'S' | 'u' | 'F'
                | 'w' | 'W' => true,
                _ => false,
            },
        }
    }
}

fn split(pattern: &str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            quotation(&mut chars, &mut literal).ok_or_else(|| {
                format!("date pattern `{pattern}` has a quote that is not closed")
            })?;
            continue;
        }
        if !c.is_ascii_alphabetic() {
            literal.push(c);
            continue;
        }
        if !"GyYMLwWDdFEuaHkKhmsSzZX".contains(c) {
            return Err(format!(
                "date pattern `{pattern}` has the unknown letter `{c}`"
            ));
        }
        if !literal.is_empty() {
            parts.push(Part::Literal(std::mem::take(&mut literal)));
        }
        let mut count = 1;
        while chars.next_if_eq(&c).is_some() {
            count += 1;
        }
        parts.push(Part::Field {
            letter: c,
            count,
            exact: false,
        });
    }
    if !literal.is_empty() {
        parts.push(Part::Literal(literal));
    }
    Ok(parts)
}

/// What stands between quotes; two quotes are one.
fn quotation(
    chars: &mut std::iter::Peekable<std::str::Chars<'_>>,
    literal: &mut String,
) -> Option<()> {
    if chars.next_if_eq(&'\'').is_some() {
        literal.push('\'');
        return Some(());
    }
    loop {
        match chars.next()? {
            '\'' if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
            '\'' => return Some(()),
            other => literal.push(other),
        }
    }
}

impl Read {
    /// Reads one field at the start of the text. Gives the length it took.
    fn field(
        &mut self,
        letter: char,
        count: usize,
        exact: bool,
        text: &str,
        now_ms: i64,
    ) -> Option<usize> {
        match letter {
            'M' | 'L' if count > 2 => {
                let (month, used) = name_at(text, &MONTHS)?;
                self.time.month = month + 1;
                return Some(used);
            }
            'E' => return name_at(text, &WEEKDAYS).map(|(_, used)| used),
            'a' => {
                let (half, used) = half_of_day(text)?;
                self.afternoon = half;
                return Some(used);
            }
            'G' => {
                return text
                    .get(..2)
                    .filter(|era| era.eq_ignore_ascii_case("AD"))
                    .map(str::len);
            }
            'z' | 'Z' => {
                let (seconds, used) = named_offset_at(text)?;
                self.offset_seconds = Some(seconds);
                return Some(used);
            }
            'X' => {
                let (seconds, used) = match text.starts_with('Z') {
                    true => (0, 1),
                    false => offset_at(text)?,
                };
                self.offset_seconds = Some(seconds);
                return Some(used);
            }
            _ => {}
        }
        let (number, used) = number_at(text, exact.then_some(count))?;
        match letter {
            'y' | 'Y' => {
                self.time.year = if count <= 2 && used == 2 && number >= 0 {
                    in_century(number, now_ms)
                } else {
                    number
                };
            }
            'M' | 'L' => self.time.month = number,
            'd' => self.time.day = number,
            'D' => self.day_of_year = Some(number),
            'H' => self.time.hour = number,
            'k' => self.time.hour = if number == 24 { 0 } else { number },
            'K' => self.half_day_hour = Some(number),
            'h' => self.half_day_hour = Some(if number == 12 { 0 } else { number }),
            'm' => self.time.minute = number,
            's' => self.time.second = number,
            'S' => self.time.millisecond = number,
            _ => {}
        }
        Some(used)
    }

    fn complete_time(&self) -> CivilTime {
        let mut time = self.time;
        if let Some(hour) = self.half_day_hour {
            time.hour = hour + if self.afternoon { 12 } else { 0 };
        }
        if let Some(day) = self.day_of_year {
            time.month = 1;
            time.day = day;
        }
        time
    }
}

fn half_of_day(text: &str) -> Option<(bool, usize)> {
    let word = text.get(..2)?;
    if word.eq_ignore_ascii_case("am") {
        return Some((false, 2));
    }
    word.eq_ignore_ascii_case("pm").then_some((true, 2))
}

/// The number a text begins with, and its length; `digits` bounds it.
fn number_at(text: &str, digits: Option<usize>) -> Option<(i64, usize)> {
    let window = match digits {
        Some(width) => text.get(..width)?,
        None => text,
    };
    let negative = window.starts_with('-');
    let body = window.get(usize::from(negative)..)?;
    let length = body
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(body.len());
    let number: i64 = body.get(..length)?.parse().ok()?;
    // Beyond this, Java's int arithmetic would wrap; no date means that.
    if number > i64::from(i32::MAX) {
        return None;
    }
    Some((
        if negative { -number } else { number },
        length + usize::from(negative),
    ))
}

/// A year of two digits lies between 80 years ago and 20 years ahead.
fn in_century(two_digits: i64, now_ms: i64) -> i64 {
    let earliest = year_of(now_ms, &TimeZone::UTC) - 80;
    let year = earliest - earliest.rem_euclid(100) + two_digits;
    if year < earliest { year + 100 } else { year }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_571_163_620_000;

    fn parse(pattern: &str, text: &str) -> Result<i64, String> {
        JavaDateFormat::compile(pattern, TimeZone::UTC)
            .unwrap()
            .parse(text, NOW)
    }

    #[test]
    fn the_patterns_of_the_shipped_configurations_work() {
        assert_eq!(
            parse("yyyy-MM-dd HH:mm:ss.S", "2018-03-04 05:06:07.890"),
            Ok(1_520_139_967_890)
        );
        assert_eq!(
            parse("yyyy-MM-dd HH:mm:ss", "2019-10-15 18:20:20"),
            Ok(1_571_163_620_000)
        );
        assert_eq!(
            parse("yyyy-MM-dd HH:mm:ss.S z", "2019-10-15 18:20:20.0 UTC"),
            Ok(1_571_163_620_000)
        );
        assert_eq!(
            parse("yyyy-MM-dd'T'HH:mm:ssX", "2019-10-15T20:20:20+02:00"),
            Ok(1_571_163_620_000)
        );
        assert_eq!(
            parse("dd/MMM/yyyy:HH:mm:ss Z", "15/Oct/2019:18:20:20 +0000"),
            Ok(1_571_163_620_000)
        );
        assert_eq!(
            parse("yyyyMMddHHmmss", "20191015182020"),
            Ok(1_571_163_620_000)
        );
        assert_eq!(
            parse(
                "EEE MMM d hh:mm:ss a yyyy",
                "Tue October 15 06:20:20 PM 2019"
            ),
            Ok(1_571_163_620_000)
        );
        assert_eq!(parse("MM/dd/yy", "10/15/19"), Ok(1_571_097_600_000));
    }

    #[test]
    fn the_lenient_rules_are_javas() {
        // A count of milliseconds, not a fraction.
        assert_eq!(parse("ss.S", "0.5"), Ok(5));
        assert_eq!(parse("ss.S", "0.512000"), Ok(512_000));
        assert_eq!(
            parse("yyyy-MM-dd", "2018-13-01"),
            parse("yyyy-MM-dd", "2019-01-01")
        );
        assert_eq!(
            parse("yyyy-MM-dd", "2018-1-1 and more"),
            parse("yyyy-MM-dd", "2018-01-01")
        );
        assert_eq!(parse("HH:mm", "01:00"), Ok(3_600_000));
        assert_eq!(parse("yyyy", "16").map(|ms| ms < 0), Ok(true));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        assert_eq!(
            parse("yyyy-MM-dd", "x").unwrap_err(),
            "Unparseable date: \"x\""
        );
        for bad in [
            "",
            "2018",
            "2018-",
            "99999999999999999999-01-01",
            "2018/01/01",
        ] {
            assert!(parse("yyyy-MM-dd", bad).is_err(), "{bad}");
        }
        assert!(JavaDateFormat::compile("yyyy-bb", TimeZone::UTC).is_err());
        assert!(JavaDateFormat::compile("yyyy 'x", TimeZone::UTC).is_err());
    }

    #[test]
    fn exact_dates_are_whole_and_real() {
        let format = JavaDateFormat::compile("yyyy-MM-dd", TimeZone::UTC).unwrap();
        assert!(format.is_exactly("2019-10-15", NOW));
        assert!(!format.is_exactly("2019-13-15", NOW));
        assert!(!format.is_exactly("2019-10-15 x", NOW));
    }
}
