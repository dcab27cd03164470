use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A Java date pattern (`SimpleDateFormat`) for index names, always in UTC.
///
/// Letters: `y M d D H k K h m s S u E a Z X`, text in single quotes, `''` for a quote. Names of months and days are
/// English. Weeks and eras are left out: they depend on the host's language in Java.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormat {
    pattern: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Field(char, usize),
}

const KNOWN: &str = "yMdDHkKhmsSuEaZX";
/// Longest pattern: an index name is 255 bytes long at most.
const MAX_PATTERN: usize = 120;
const MAX_WIDTH: usize = 10;

impl Default for DateFormat {
    /// `yyyy.MM.dd.HH`, as in upstream's samples.
    fn default() -> Self {
        let field = Part::Field;
        let dot = || Part::Text(".".to_owned());
        DateFormat {
            pattern: "yyyy.MM.dd.HH".to_owned(),
            parts: vec![
                field('y', 4),
                dot(),
                field('M', 2),
                dot(),
                field('d', 2),
                dot(),
                field('H', 2),
            ],
        }
    }
}

impl DateFormat {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it, as a text.
    pub fn parse(pattern: &str) -> Result<Self, String> {
        if pattern.len() > MAX_PATTERN {
            return Err(format!("the pattern is longer than {MAX_PATTERN} bytes"));
        }
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut letters = pattern.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter == '\'' {
                read_quoted(&mut letters, &mut text)?;
                continue;
            }
            if !letter.is_ascii_alphabetic() {
                text.push(letter);
                continue;
            }
            let mut width = 1;
            while letters.next_if_eq(&letter).is_some() {
                width += 1;
            }
            if !KNOWN.contains(letter) || width > MAX_WIDTH {
                return Err(format!(
                    "`{letter}` is not a letter of the pattern that is understood here"
                ));
            }
            if !text.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut text)));
            }
            parts.push(Part::Field(letter, width));
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(DateFormat {
            pattern: pattern.to_owned(),
            parts,
        })
    }

    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The moment in UTC; one beyond the calendar is the epoch.
    pub fn format(&self, epoch_ms: i64) -> String {
        let timestamp = Timestamp::from_millisecond(epoch_ms).unwrap_or(Timestamp::UNIX_EPOCH);
        let moment = timestamp.to_zoned(TimeZone::UTC).datetime();
        let mut out = String::with_capacity(self.pattern.len() + 8);
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Field(letter, width) => write_field(*letter, *width, moment, &mut out),
            }
        }
        out
    }
}

fn read_quoted(
    letters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    text: &mut String,
) -> Result<(), String> {
    if letters.next_if_eq(&'\'').is_some() {
        text.push('\'');
        return Ok(());
    }
    loop {
        match letters.next() {
            None => return Err("a quote is not closed".to_owned()),
            Some('\'') if letters.next_if_eq(&'\'').is_some() => text.push('\''),
            Some('\'') => return Ok(()),
            Some(letter) => text.push(letter),
        }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];

fn write_field(letter: char, width: usize, moment: DateTime, out: &mut String) {
    let day_of_week = moment.weekday().to_monday_one_offset();
    let hour = i32::from(moment.hour());
    let number = match letter {
        // Two letters give the last two digits; every other number of letters is a minimal width.
        'y' if width == 2 => i32::from(moment.year()).rem_euclid(100),
        'y' => i32::from(moment.year()),
        'M' if width >= 3 => {
            let name = MONTHS[usize::from(moment.month().unsigned_abs()) - 1];
            return out.push_str(if width == 3 { &name[..3] } else { name });
        }
        'M' => i32::from(moment.month()),
        'd' => i32::from(moment.day()),
        'D' => i32::from(moment.day_of_year()),
        'H' => hour,
        'k' => (hour + 23) % 24 + 1,
        'K' => hour % 12,
        'h' => (hour + 11) % 12 + 1,
        'm' => i32::from(moment.minute()),
        's' => i32::from(moment.second()),
        'S' => i32::from(moment.millisecond()),
        'u' => i32::from(day_of_week),
        'E' => {
            let name = DAYS[usize::from(day_of_week.unsigned_abs()) - 1];
            return out.push_str(if width < 4 { &name[..3] } else { name });
        }
        'a' => return out.push_str(if hour < 12 { "AM" } else { "PM" }),
        'Z' => return out.push_str("+0000"),
        _ => return out.push('Z'),
    };
    // Writing to a String cannot fail.
    let _ = write!(out, "{number:0width$}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2019-10-15 18:20:32.536 UTC, the second line of the walk-through.
    const MOMENT: i64 = 1_571_163_632_536;

    fn formatted(pattern: &str, at: i64) -> String {
        DateFormat::parse(pattern).unwrap().format(at)
    }

    #[test]
    fn the_default_is_the_samples_pattern() {
        assert_eq!(DateFormat::default().format(MOMENT), "2019.10.15.18");
        assert_eq!(
            DateFormat::default(),
            DateFormat::parse("yyyy.MM.dd.HH").unwrap()
        );
    }

    #[test]
    fn letters_mean_what_java_means() {
        for (pattern, expected) in [
            ("yyyy-MM-dd'T'HH:mm:ss.SSSX", "2019-10-15T18:20:32.536Z"),
            ("yy.M.d", "19.10.15"),
            ("y", "2019"),
            ("yyyyy", "02019"),
            ("MMM MMMM", "Oct October"),
            ("EEE EEEE u", "Tue Tuesday 2"),
            ("h k K a", "6 18 6 PM"),
            ("DDD", "288"),
            ("Z", "+0000"),
            ("''yyyy''", "'2019'"),
            ("'it''s' HH", "it's 18"),
            ("", ""),
        ] {
            assert_eq!(formatted(pattern, MOMENT), expected, "{pattern}");
        }
        let midnight = 1_571_097_600_000;
        assert_eq!(formatted("H k K h a", midnight), "0 24 0 12 AM");
    }

    #[test]
    fn patterns_that_are_not_understood_are_refused() {
        assert!(DateFormat::parse("YYYY.ww").unwrap_err().contains("`Y`"));
        assert!(DateFormat::parse("yyyy'").unwrap_err().contains("quote"));
        assert!(DateFormat::parse(&"y".repeat(99)).is_err());
        assert!(DateFormat::parse(&".".repeat(999)).is_err());
    }

    #[test]
    fn moments_beyond_the_calendar_do_no_harm() {
        assert_eq!(formatted("yyyy", i64::MAX), "1970");
        assert_eq!(formatted("yyyy", i64::MIN), "1970");
    }
}
