use super::calendar::{DAY_MS, Date, Fields, day_of_week};
use super::names::{DAYS, ERAS, HALVES, MONTHS, short};
use super::pattern::{DatePattern, Piece};
use super::zone::{Zone, offset_seconds};

/// How a text is read.
pub(super) struct Reading<'z> {
    pub zone: &'z Zone,
    /// The clock: years of two digits lie between 80 years before it and 20 after.
    pub now_ms: i64,
    /// Values beyond their ranges roll over; otherwise they are refused.
    pub lenient: bool,
}

/// What has been read. `order` tells which of two fields came later.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    value: i64,
    order: usize,
}

#[derive(Debug, Default)]
struct Parts {
    era: Option<Found>,
    year: Option<Found>,
    week_year: Option<Found>,
    month: Option<Found>,
    day: Option<Found>,
    day_of_year: Option<Found>,
    day_of_week: Option<Found>,
    week_of_year: Option<Found>,
    week_of_month: Option<Found>,
    day_of_week_in_month: Option<Found>,
    hour: Option<Found>,
    half_hour: Option<Found>,
    half: Option<Found>,
    minute: Option<Found>,
    second: Option<Found>,
    millisecond: Option<Found>,
    offset_seconds: Option<i64>,
}

/// The instant that a text names, in epoch milliseconds; nothing when it does not fit the pattern. What follows is ignored.
pub(super) fn read_date(pattern: &DatePattern, text: &str, reading: &Reading) -> Option<i64> {
    let mut reader = Reader {
        text,
        at: 0,
        parts: Parts::default(),
    };
    for (order, piece) in pattern.0.iter().enumerate() {
        match piece {
            Piece::Literal(literal) => {
                reader.at += reader
                    .rest()
                    .strip_prefix(literal.as_str())
                    .map(|_| literal.len())?;
            }
            Piece::Field(letter, count) => {
                // Numbers without anything between them have as many digits as the pattern has letters.
                let next = pattern.0.get(order + 1);
                let abuts = matches!(next, Some(Piece::Field(letter, count)) if is_numeric(*letter, *count));
                let width = abuts.then_some(*count);
                reader.field(*letter, *count, width, order + 1, reading)?;
            }
        }
    }
    reader.parts.instant(reading)
}

fn is_numeric(letter: char, count: usize) -> bool {
    match letter {
        'M' | 'L' => count <= 2,
        'G' | 'E' | 'a' | 'z' | 'Z' | 'X' => false,
        _ => true,
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    parts: Parts,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn field(
        &mut self,
        letter: char,
        count: usize,
        width: Option<usize>,
        order: usize,
        reading: &Reading,
    ) -> Option<()> {
        let trimmed = self.rest().trim_start_matches([' ', '\t']);
        if trimmed.is_empty() {
            return None;
        }
        self.at = self.text.len() - trimmed.len();
        match letter {
            'z' | 'Z' => return self.zone(reading),
            'X' => return self.iso_zone(count),
            _ => {}
        }
        let value = match letter {
            'G' => self.name(&ERAS, false)?,
            'a' => self.name(&HALVES, false)?,
            'E' => self.name(&DAYS, true)? + 1,
            'M' | 'L' if count > 2 => self.name(&MONTHS, true)?,
            'y' | 'Y' => self.year(count, width, reading)?,
            _ => self.number(width)?,
        };
        let found = Some(Found { value, order });
        let parts = &mut self.parts;
        match letter {
            'G' => parts.era = found,
            'y' => parts.year = found,
            'Y' => parts.week_year = found,
            'M' | 'L' if count > 2 => parts.month = found,
            'M' | 'L' => {
                parts.month = Some(Found {
                    value: value - 1,
                    order,
                })
            }
            'd' => parts.day = found,
            'D' => parts.day_of_year = found,
            'E' => parts.day_of_week = found,
            'u' => {
                parts.day_of_week = Some(Found {
                    value: value % 7 + 1,
                    order,
                })
            }
            'w' => parts.week_of_year = found,
            'W' => parts.week_of_month = found,
            'F' => parts.day_of_week_in_month = found,
            'H' => parts.hour = found,
            'k' => {
                parts.hour = Some(Found {
                    value: if value == 24 { 0 } else { value },
                    order,
                })
            }
            'K' => parts.half_hour = found,
            'h' => {
                parts.half_hour = Some(Found {
                    value: if value == 12 { 0 } else { value },
                    order,
                })
            }
            'a' => parts.half = found,
            'm' => parts.minute = found,
            's' => parts.second = found,
            _ => parts.millisecond = found,
        }
        Some(())
    }

    /// Digits with an optional minus before them; at most `width` characters.
    fn number(&mut self, width: Option<usize>) -> Option<i64> {
        let rest = self.rest();
        let rest = match width {
            Some(width) => rest.get(..width)?,
            None => rest,
        };
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.bytes().take_while(u8::is_ascii_digit).count();
        if length == 0 {
            return None;
        }
        let magnitude: i64 = digits.get(..length)?.parse().unwrap_or(i64::MAX);
        let negative = digits.len() < rest.len();
        self.at += length + usize::from(negative);
        // Java keeps 32 bits of it.
        Some(i64::from(
            if negative { -magnitude } else { magnitude } as i32
        ))
    }

    fn year(&mut self, count: usize, width: Option<usize>, reading: &Reading) -> Option<i64> {
        let start = self.at;
        let value = self.number(width)?;
        let read = self.text.get(start..self.at)?;
        let two_digits = read.len() == 2 && read.bytes().all(|byte| byte.is_ascii_digit());
        if count > 2 || !two_digits {
            return Some(value);
        }
        let now = reading.zone.local_fields(reading.now_ms).date.year;
        let first = now - 80;
        let pivot = first.rem_euclid(100);
        Some(first - pivot + value + if value < pivot { 100 } else { 0 })
    }

    /// The index of the longest name that stands here, whatever its case.
    fn name(&mut self, names: &[&str], shortened: bool) -> Option<i64> {
        let rest = self.rest();
        let stands = |name: &str| {
            rest.get(..name.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        let whole = names
            .iter()
            .position(|name| stands(name))
            .map(|at| (at, names[at].len()));
        let part = || {
            let at = names.iter().position(|name| stands(short(name)))?;
            Some((at, short(names[at]).len()))
        };
        let (index, length) = match whole {
            Some(found) => found,
            None if shortened => part()?,
            None => return None,
        };
        self.at += length;
        i64::try_from(index).ok()
    }

    /// `+0100`, `+01:00`, `GMT+1`, or a name such as `UTC` or `PDT`.
    fn zone(&mut self, reading: &Reading) -> Option<()> {
        let rest = self.rest();
        let (prefix, after) = match rest.get(..3) {
            Some(gmt) if gmt.eq_ignore_ascii_case("GMT") => (3, rest.get(3..)?),
            _ => (0, rest),
        };
        let length = after
            .char_indices()
            .take_while(|(at, c)| {
                c.is_ascii_digit() || *c == ':' || (*at == 0 && "+-".contains(*c))
            })
            .count();
        let offset = (1..=length.min(6)).rev().find_map(|length| {
            let seconds = offset_seconds(after.get(..length)?)?;
            Some((seconds, length))
        });
        if let Some((seconds, length)) = offset {
            self.parts.offset_seconds = Some(i64::from(seconds));
            self.at += prefix + length;
            return Some(());
        }
        let length = rest
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || b"/_".contains(byte))
            .count();
        let name = rest.get(..length).filter(|name| !name.is_empty())?;
        let seconds = abbreviated_offset(name, reading)?;
        self.parts.offset_seconds = Some(i64::from(seconds));
        self.at += length;
        Some(())
    }

    /// `Z`, or an offset of as many parts as there are letters.
    fn iso_zone(&mut self, count: usize) -> Option<()> {
        let rest = self.rest();
        if rest.starts_with('Z') {
            self.parts.offset_seconds = Some(0);
            self.at += 1;
            return Some(());
        }
        let length = match count {
            1 => 3,
            2 => 5,
            _ => 6,
        };
        let seconds = offset_seconds(rest.get(..length)?)?;
        self.parts.offset_seconds = Some(i64::from(seconds));
        self.at += length;
        Some(())
    }
}

/// The offset of a zone's name or abbreviation.
fn abbreviated_offset(name: &str, reading: &Reading) -> Option<i32> {
    const DAYLIGHT: &[(&str, i32)] = &[
        ("EST", -5),
        ("EDT", -4),
        ("CST", -6),
        ("CDT", -5),
        ("MST", -7),
        ("MDT", -6),
        ("PST", -8),
        ("PDT", -7),
        ("AKST", -9),
        ("AKDT", -8),
        ("HST", -10),
        ("CET", 1),
        ("CEST", 2),
        ("EET", 2),
        ("EEST", 3),
        ("WET", 0),
        ("WEST", 1),
        ("BST", 1),
        ("MSK", 3),
        ("JST", 9),
        ("KST", 9),
        ("SGT", 8),
        ("HKT", 8),
        ("AEST", 10),
        ("AEDT", 11),
        ("NZST", 12),
        ("NZDT", 13),
    ];
    if ["UTC", "GMT", "UT", "Z"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
    {
        return Some(0);
    }
    let known = DAYLIGHT
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    if let Some((_, hours)) = known {
        return Some(hours * 3_600);
    }
    name.contains('/')
        .then(|| Zone::named(name).offset_seconds(reading.now_ms))
}

impl Parts {
    fn instant(&self, reading: &Reading) -> Option<i64> {
        let value = |found: Option<Found>, otherwise: i64| found.map_or(otherwise, |f| f.value);
        let day = self.epoch_day();
        let hour = match (self.hour, self.half_hour) {
            (Some(hour), Some(half)) if half.order > hour.order => self.of_half(half.value),
            (Some(hour), _) => hour.value,
            (None, Some(half)) => self.of_half(half.value),
            (None, None) => value(self.half, 0) * 12,
        };
        let time = hour * 3_600_000
            + value(self.minute, 0) * 60_000
            + value(self.second, 0) * 1_000
            + value(self.millisecond, 0);
        let local = day.checked_mul(DAY_MS)?.checked_add(time)?;
        if !reading.lenient && !self.fits(local) {
            return None;
        }
        match self.offset_seconds {
            Some(seconds) => local.checked_sub(seconds * 1_000),
            None => Some(reading.zone.epoch_ms(local)),
        }
    }

    fn of_half(&self, hour: i64) -> i64 {
        hour + 12 * self.half.map_or(0, |half| half.value)
    }

    fn astronomical_year(&self) -> i64 {
        let year = self.year.map_or(1970, |year| year.value);
        match self.era {
            Some(Found { value: 0, .. }) => 1 - year,
            _ => year,
        }
    }

    /// The day that the latest of the fields names.
    fn epoch_day(&self) -> i64 {
        let order = |found: Option<Found>| found.map_or(0, |found| found.order);
        let week_day = self.day_of_week.map_or(1, |day| day.value);
        if let Some(week_year) = self.week_year
            && week_year.order > order(self.year)
        {
            let week = self.week_of_year.map_or(1, |week| week.value);
            return in_week(Date::epoch_day(week_year.value, 1, 1), week, week_day);
        }
        let year = self.astronomical_year();
        let month = self.month.map_or(0, |month| month.value) + 1;
        let first = Date::epoch_day(year, month, 1);
        let with_day = |found: Option<Found>| match (found, self.day_of_week) {
            (Some(week), Some(day)) => week.order.max(day.order),
            _ => 0,
        };
        let candidates = [
            (order(self.day), 0),
            (with_day(self.week_of_month), 1),
            (with_day(self.day_of_week_in_month), 2),
            (order(self.day_of_year), 3),
            (with_day(self.week_of_year), 4),
        ];
        let mut best = (0, 5);
        for candidate in candidates {
            if candidate.0 > best.0 {
                best = candidate;
            }
        }
        match best.1 {
            0 => Date::epoch_day(year, month, self.day.map_or(1, |day| day.value)),
            1 => in_week(
                first,
                self.week_of_month.map_or(1, |week| week.value),
                week_day,
            ),
            2 => {
                let nth = self.day_of_week_in_month.map_or(1, |nth| nth.value);
                first + (week_day - day_of_week(first)).rem_euclid(7) + 7 * (nth - 1)
            }
            3 => Date::epoch_day(year, 1, self.day_of_year.map_or(1, |day| day.value)),
            4 => {
                let week = self.week_of_year.map_or(1, |week| week.value);
                in_week(Date::epoch_day(year, 1, 1), week, week_day)
            }
            // A week alone begins on Sunday; a day of the week alone is the first one of the month.
            _ if self.week_of_year.is_some() => {
                let week = self.week_of_year.map_or(1, |week| week.value);
                in_week(Date::epoch_day(year, 1, 1), week, 1)
            }
            _ if self.week_of_month.is_some() => {
                in_week(first, self.week_of_month.map_or(1, |week| week.value), 1)
            }
            _ if self.day_of_week.is_some() && self.month.is_none() => {
                first + (week_day - day_of_week(first)).rem_euclid(7)
            }
            _ => first,
        }
    }

    /// Whether the fields are those of the time that they name: nothing has rolled over.
    fn fits(&self, local_ms: i64) -> bool {
        let fields = Fields::of_local_ms(local_ms);
        let agrees = |found: Option<Found>, value: i64| found.is_none_or(|f| f.value == value);
        agrees(self.era, fields.era())
            && agrees(self.year, fields.year_of_era())
            && agrees(self.month, fields.date.month - 1)
            && agrees(self.day, fields.date.day)
            && agrees(self.day_of_year, fields.day_of_year())
            && agrees(self.day_of_week, fields.day_of_week())
            && agrees(self.week_of_year, fields.week_of_year())
            && agrees(self.week_of_month, fields.week_of_month())
            && agrees(self.day_of_week_in_month, fields.day_of_week_in_month())
            && agrees(self.hour, fields.hour())
            && agrees(self.half_hour, fields.hour() % 12)
            && agrees(self.half, fields.hour() / 12)
            && agrees(self.minute, fields.minute())
            && agrees(self.second, fields.second())
            && agrees(self.millisecond, fields.millisecond())
    }
}

/// A day of the week in the nth week from the one that `first` lies in.
fn in_week(first: i64, week: i64, week_day: i64) -> i64 {
    let sunday = first - (day_of_week(first) - 1);
    sunday + 7 * (week - 1) + week_day - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, text: &str) -> Option<i64> {
        let reading = Reading {
            zone: &Zone::utc(),
            now_ms: 1_571_163_620_277,
            lenient: true,
        };
        read_date(&DatePattern::parse(pattern).unwrap(), text, &reading)
    }

    #[test]
    fn times_are_read_leniently() {
        for (pattern, text, expected) in [
            ("yyyy-MM-dd", "2016-13-45", Some(1_487_030_400_000)),
            ("s.S", "1467011157.401", Some(1_467_011_157_401)),
            ("yyyyMMddHHmmss", "20191015182020", Some(1_571_163_620_000)),
            (
                "EEE, dd MMM yyyy HH:mm:ss Z",
                "Tue, 15 Oct 2019 18:20:20 +0000",
                Some(1_571_163_620_000),
            ),
            (
                "dd/MMM/yyyy:HH:mm:ss z",
                "15/OCT/2019:14:20:20 EDT",
                Some(1_571_163_620_000),
            ),
            ("yy-MM-dd", "19-10-15", Some(1_571_097_600_000)),
            ("yy-MM-dd", "45-01-01", Some(-788_918_400_000)),
            ("h:mm a", "12:30 PM", Some(45_000_000)),
            ("yyyy-DDD", "2019-288", Some(1_571_097_600_000)),
            ("yyyy", "bad", None),
            ("yyyy", "", None),
            ("MMM", "é", None),
        ] {
            assert_eq!(read(pattern, text), expected, "{pattern} {text}");
        }
    }
}
