//! The times that stand in syslog headers, and the loose ones of CEF and LEEF.

use jiff::tz::TimeZone;

use crate::dates::{CivilTime, JavaDateFormat, month_at, offset_at, year_of};

/// A time without a year that lies further ahead than this belongs to the year before.
const MAX_AHEAD_MS: i64 = 4 * 24 * 3_600_000;

/// Epoch milliseconds of a header's time: `Oct  9 13:42:11`, `Oct 09 2015 13:42:11` or ISO 8601 with a zone.
///
/// # Errors
/// When the text has none of these forms, or names a time that does not exist.
pub(crate) fn parse(text: &str, zone: &TimeZone, now_ms: i64) -> Result<i64, String> {
    let parsed = match text.as_bytes().first() {
        Some(first) if first.is_ascii_digit() => {
            iso(text).map(|(time, offset)| (time, Some(offset)))
        }
        _ => named_month(text, zone, now_ms).map(|time| (time, None)),
    };
    let Some((time, offset)) = parsed else {
        return Err(format!("Unsupported date format: '{text}'"));
    };
    if !time.is_real() {
        return Err(format!("there is no such time: '{text}'"));
    }
    let ms = match offset {
        Some(seconds) => time.at_offset(seconds * 1000),
        None => time.in_zone(zone),
    };
    ms.ok_or_else(|| format!("there is no such time: '{text}'"))
}

/// The length of a time that a text begins with, in one of the forms of [`parse`].
pub(crate) fn length_at(text: &str) -> Option<usize> {
    if text.as_bytes().first()?.is_ascii_digit() {
        let end = text
            .find(|c: char| !matches!(c, '0'..='9' | '-' | '+' | ':' | '.' | 'T' | 'Z'))
            .unwrap_or(text.len());
        return iso(text.get(..end)?).map(|_| end);
    }
    let (_, month) = month_at(text).filter(|(_, used)| *used == 3)?;
    let after_day = skip_digits(text, skip_blanks(text, month))?;
    let next = skip_blanks(text, after_day);
    let time_at = match text.get(next..next + 5) {
        Some(year)
            if year.ends_with(' ')
                && year.trim_end().len() == 4
                && skip_digits(year, 0) == Some(4) =>
        {
            next + 5
        }
        _ => next,
    };
    clock(text.get(time_at..time_at + 8)?).map(|_| time_at + 8)
}

fn skip_blanks(text: &str, from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    from + rest.len() - rest.trim_start_matches(' ').len()
}

fn skip_digits(text: &str, from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let length = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    (length > 0).then_some(from + length)
}

fn number(text: &str) -> Option<i64> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

/// `HH:MM:SS`
fn clock(text: &str) -> Option<(i64, i64, i64)> {
    let bytes = text.as_bytes();
    if bytes.len() != 8 || bytes.get(2) != Some(&b':') || bytes.get(5) != Some(&b':') {
        return None;
    }
    Some((
        number(text.get(..2)?)?,
        number(text.get(3..5)?)?,
        number(text.get(6..)?)?,
    ))
}

/// `MMM dd [yyyy] HH:mm:ss`, the day padded to two characters.
fn named_month(text: &str, zone: &TimeZone, now_ms: i64) -> Option<CivilTime> {
    let (month, _) = month_at(text).filter(|(_, used)| *used == 3)?;
    let day = number(text.get(4..6)?.trim_start())?;
    let rest = text.get(7..)?;
    if text.get(3..4)? != " " || text.get(6..7)? != " " {
        return None;
    }
    let (year, clock_text) = match rest.len() {
        8 => (None, rest),
        13 => (
            Some(number(rest.get(..4)?)?),
            rest.get(4..)?.strip_prefix(' ')?,
        ),
        _ => return None,
    };
    let (hour, minute, second) = clock(clock_text)?;
    let mut time = CivilTime {
        year: year.unwrap_or_else(|| year_of(now_ms, zone)),
        month: month + 1,
        day,
        hour,
        minute,
        second,
        millisecond: 0,
    };
    if year.is_none() && is_far_ahead(time.in_zone(zone), now_ms) {
        time.year -= 1;
    }
    Some(time)
}

fn is_far_ahead(ms: Option<i64>, now_ms: i64) -> bool {
    ms.is_some_and(|ms| ms > now_ms.saturating_add(MAX_AHEAD_MS))
}

/// `yyyy-MM-ddTHH:mm:ss[.fraction](Z|+hh:mm)` and the zone's seconds.
fn iso(text: &str) -> Option<(CivilTime, i64)> {
    let (date, rest) = text.split_once('T')?;
    let mut parts = date.splitn(3, '-');
    let year = parts.next().filter(|year| year.len() == 4)?;
    let month = parts.next().filter(|month| month.len() == 2)?;
    let day = parts.next().filter(|day| day.len() == 2)?;
    let (hour, minute, second) = clock(rest.get(..8)?)?;
    let mut rest = rest.get(8..)?;
    let mut millisecond = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let end = skip_digits(fraction, 0)?;
        let digits = format!("{:0<3}", fraction.get(..end.min(3))?);
        millisecond = number(&digits)?;
        rest = fraction.get(end..)?;
    }
    let seconds = if rest == "Z" {
        0
    } else {
        let (seconds, used) = offset_at(rest)?;
        if used != rest.len() {
            return None;
        }
        seconds
    };
    let time = CivilTime {
        year: number(year)?,
        month: number(month)?,
        day: number(day)?,
        hour,
        minute,
        second,
        millisecond,
    };
    Some((time, seconds))
}

/// The formats that CEF's `rt` and LEEF's `devTime` may have, the more specific ones first.
const LOOSE_FORMATS: [&str; 9] = [
    "MMM dd HH:mm:ss.SSS zzz",
    "MMM dd HH:mm:ss.SSS",
    "MMM dd HH:mm:ss zzz",
    "MMM dd HH:mm:ss",
    "MMM dd yyyy HH:mm:ss.SSS zzz",
    "MMM dd yyyy HH:mm:ss.SSS",
    "MMM dd yyyy HH:mm:ss zzz",
    "MMM dd yyyy HH:mm:ss",
    "dd MMMM yyyy HH:mm:ss",
];

/// Reads milliseconds, or a date in one of several formats.
#[derive(Debug)]
pub(crate) struct LooseTime {
    formats: Vec<JavaDateFormat>,
}

impl LooseTime {
    pub fn new() -> Result<Self, String> {
        let formats: Result<Vec<JavaDateFormat>, String> = LOOSE_FORMATS
            .iter()
            .map(|pattern| JavaDateFormat::compile(pattern, TimeZone::UTC))
            .collect();
        Ok(LooseTime { formats: formats? })
    }

    /// Epoch milliseconds; nothing when the text has none of the formats.
    pub fn parse(&self, text: &str, now_ms: i64) -> Option<i64> {
        let text = text.trim();
        if let Some(ms) = number(text) {
            return Some(ms).filter(|_| !text.is_empty());
        }
        let ms = self
            .formats
            .iter()
            .find_map(|format| format.parse(text, now_ms).ok())?;
        if year_of(ms, &TimeZone::UTC) != 1970 {
            return Some(ms);
        }
        Some(in_this_year(ms, now_ms))
    }
}

/// A time of 1970, which is what a date without a year gives, moved into the current year or the one before.
fn in_this_year(ms: i64, now_ms: i64) -> i64 {
    let Ok(instant) = jiff::Timestamp::from_millisecond(ms) else {
        return ms;
    };
    let read = TimeZone::UTC.to_datetime(instant);
    let mut time = CivilTime {
        year: year_of(now_ms, &TimeZone::UTC),
        month: i64::from(read.month()),
        day: i64::from(read.day()),
        hour: i64::from(read.hour()),
        minute: i64::from(read.minute()),
        second: i64::from(read.second()),
        millisecond: i64::from(read.millisecond()),
    };
    if is_far_ahead(time.in_zone(&TimeZone::UTC), now_ms) {
        time.year -= 1;
    }
    time.in_zone(&TimeZone::UTC).unwrap_or(ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2019-10-15T18:20:20Z
    const NOW: i64 = 1_571_163_620_000;

    #[test]
    fn the_three_forms_are_read() {
        let read = |text| parse(text, &TimeZone::UTC, NOW);
        assert_eq!(read("Oct 15 18:20:20"), Ok(NOW));
        assert_eq!(read("Oct 15 2019 18:20:20"), Ok(NOW));
        assert_eq!(read("2019-10-15T20:20:20.5+02:00"), Ok(NOW + 500));
        assert_eq!(read("2019-10-15T18:20:20Z"), Ok(NOW));
        // More than four days ahead: the year before.
        assert_eq!(read("Oct 20 18:20:20"), Ok(NOW - 360 * 86_400_000));
        assert_eq!(read("Oct 19 18:20:20"), Ok(NOW + 4 * 86_400_000));
        for bad in [
            "",
            "Oct 1 22:14:15",
            "Oct 41 22:14:15",
            "Oct 15",
            "2019-10-15T18:20:20",
            "2019-13-15T18:20:20Z",
            "Feb 29 10:10:10",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_time_at_the_start_of_a_text_is_found() {
        assert_eq!(length_at("Oct 15 18:20:20 host"), Some(15));
        assert_eq!(length_at("Oct  5 2019 18:20:20 host"), Some(20));
        assert_eq!(length_at("2019-10-15T18:20:20.5+02:00CEF:0"), Some(27));
        assert_eq!(length_at("host Oct 15"), None);
        assert_eq!(length_at("10.1.1.1 x"), None);
    }

    #[test]
    fn loose_times_have_many_forms() {
        let loose = LooseTime::new().unwrap();
        assert_eq!(loose.parse("1550000000000", NOW), Some(1_550_000_000_000));
        assert_eq!(
            loose.parse("Oct 15 2019 18:20:20.123 UTC", NOW),
            Some(NOW + 123)
        );
        assert_eq!(loose.parse("Oct 15 18:20:20", NOW), Some(NOW));
        assert_eq!(loose.parse("2019-10-15", NOW), None);
        assert_eq!(loose.parse("", NOW), None);
    }
}
