//! Java's `DateTimeFormatter`, reading side: widths are exact, parts must be in range.

use jiff::tz::TimeZone;

use super::civil::CivilTime;
use super::{MONTHS, name_at};

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct JavaTimeFormat {
    parts: Vec<(char, usize)>,
    zone: TimeZone,
}

/// Stands for a literal character in `parts`; the count is its code point.
const LITERAL: char = '\'';

impl JavaTimeFormat {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// When a letter is not supported or a quotation is not closed.
    pub fn compile(pattern: &str, zone: TimeZone) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut chars = pattern.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\'' {
                if chars.next_if_eq(&'\'').is_some() {
                    parts.push((LITERAL, '\'' as usize));
                    continue;
                }
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(other) => parts.push((LITERAL, other as usize)),
                        None => {
                            return Err(format!(
                                "date pattern `{pattern}` has a quote that is not closed"
                            ));
                        }
                    }
                }
                continue;
            }
            if !c.is_ascii_alphabetic() {
                parts.push((LITERAL, c as usize));
                continue;
            }
            if !"yuMdHhmsSa".contains(c) {
                return Err(format!(
                    "date pattern `{pattern}` has the unsupported letter `{c}`"
                ));
            }
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            parts.push((c, count));
        }
        Ok(JavaTimeFormat { parts, zone })
    }

    /// Epoch milliseconds of a text that is such a date from its first to its last character.
    ///
    /// # Errors
    /// When it is not.
    pub fn parse(&self, text: &str) -> Result<i64, String> {
        self.read(text)
            .ok_or_else(|| format!("Text '{text}' could not be parsed"))
    }

    fn read(&self, text: &str) -> Option<i64> {
        let mut time = CivilTime::default();
        let mut rest = text;
        let mut afternoon = None;
        for (letter, count) in &self.parts {
            if *letter == LITERAL {
                let expected = u32::try_from(*count).ok().and_then(char::from_u32)?;
                rest = rest.strip_prefix(expected)?;
                continue;
            }
            if *letter == 'M' && *count > 2 {
                let (month, used) = name_at(rest, &MONTHS)?;
                time.month = month + 1;
                rest = rest.get(used..)?;
                continue;
            }
            if *letter == 'a' {
                let word = rest.get(..2)?;
                afternoon = Some(match word {
                    "AM" => false,
                    "PM" => true,
                    _ => return None,
                });
                rest = rest.get(2..)?;
                continue;
            }
            let digits = rest
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(rest.len());
            let width = match (*letter, *count) {
                ('y' | 'u', 4..) => digits.min(10),
                (_, 1) if *letter != 'S' => digits.min(9),
                (_, count) => count,
            };
            if width == 0 || digits < width {
                return None;
            }
            let number: i64 = rest.get(..width)?.parse().ok()?;
            rest = rest.get(width..)?;
            match letter {
                'y' | 'u' => time.year = if *count == 2 { 2000 + number } else { number },
                'M' => time.month = number,
                'd' => time.day = number,
                'H' | 'h' => time.hour = number,
                'm' => time.minute = number,
                's' => time.second = number,
                _ => time.millisecond = milliseconds(number, width),
            }
        }
        if let Some(afternoon) = afternoon {
            time.hour = time.hour % 12 + if afternoon { 12 } else { 0 };
        }
        if !rest.is_empty() || !time.is_real() {
            return None;
        }
        time.in_zone(&self.zone)
    }
}

/// A fraction of a second of so many digits, in milliseconds.
fn milliseconds(fraction: i64, digits: usize) -> i64 {
    match digits {
        0..=3 => fraction * 10i64.pow(3 - digits as u32),
        4..=18 => fraction / 10i64.pow(digits as u32 - 3),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_and_ranges_are_exact() {
        let format = JavaTimeFormat::compile("MM/dd/yy-HH:mm:ss.SSSSSS", TimeZone::UTC).unwrap();
        assert_eq!(
            format.parse("10/15/19-18:20:20.123456"),
            Ok(1_571_163_620_123)
        );
        for bad in [
            "10/15/19-18:20:20.12345",
            "10/15/19-18:20:20.1234567",
            "1/15/19-18:20:20.123456",
            "13/15/19-18:20:20.123456",
            "10/15/19-24:20:20.123456",
            "10/15/19-18:20:20.123456 ",
            "",
        ] {
            assert!(format.parse(bad).is_err(), "{bad}");
        }
        assert!(JavaTimeFormat::compile("QQ", TimeZone::UTC).is_err());
    }
}
