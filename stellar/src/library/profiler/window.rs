/// Most intervals that are looked at for one window.
const MAX_INTERVALS: usize = 100_000;
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Intervals of time before now, as a sentence describes them. All lengths are in milliseconds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Window {
    /// How long before now the first interval begins, and the last one ends at the latest.
    pub from: i64,
    pub to: i64,
    /// The length of an interval; all the time where nothing is said.
    pub width: Option<i64>,
    /// How long after the beginning of an interval the next one begins; there is only one where nothing is said.
    pub every: Option<i64>,
    pub including: Vec<Day>,
    pub excluding: Vec<Day>,
}

/// Days that the beginning of an interval may fall on, in UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Day {
    /// Sunday is 0.
    OfWeek(i64),
    /// The day of the week that now is.
    SameOfWeek,
    Weekday,
    Weekend,
    /// The day that begins at this time.
    Date(i64),
}

impl Day {
    fn holds(self, time: i64, now: i64) -> bool {
        match self {
            Day::OfWeek(day) => day_of_week(time) == day,
            Day::SameOfWeek => day_of_week(time) == day_of_week(now),
            Day::Weekday => (1..6).contains(&day_of_week(time)),
            Day::Weekend => matches!(day_of_week(time), 0 | 6),
            Day::Date(day) => time.div_euclid(DAY_MS) == day.div_euclid(DAY_MS),
        }
    }
}

/// Sunday is 0; 1 January 1970 was a Thursday.
fn day_of_week(time: i64) -> i64 {
    (time.div_euclid(DAY_MS) + 4).rem_euclid(7)
}

impl Window {
    /// Where the window begins and where it ends.
    pub fn bounds(&self, now: i64) -> (i64, i64) {
        (now.saturating_sub(self.from), now.saturating_sub(self.to))
    }

    /// The beginnings of the intervals, ascending, and their common length; nothing when there are too many.
    pub fn intervals(&self, now: i64) -> Option<(Vec<i64>, i64)> {
        let (start, end) = self.bounds(now);
        let width = self.width.unwrap_or(end.saturating_sub(start));
        let mut beginnings = Vec::new();
        let mut seen = 0;
        let mut left = start;
        while left >= 0 && left.saturating_add(width) <= end {
            seen += 1;
            if seen > MAX_INTERVALS {
                return None;
            }
            let on = |days: &[Day]| days.iter().any(|day| day.holds(left, now));
            let is_included = self.including.is_empty() || on(&self.including);
            if is_included && !on(&self.excluding) {
                beginnings.push(left);
            }
            match self.every {
                Some(every) => left = left.saturating_add(every.max(1)),
                None => break,
            }
        }
        Some((beginnings, width))
    }
}
