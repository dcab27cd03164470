//! Calendar arithmetic in which every part may be out of range, as Java's lenient calendar has it.

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, TimeZone};

/// A date and time of day without a zone. Parts beyond their range carry over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CivilTime {
    pub year: i64,
    /// From 1.
    pub month: i64,
    /// From 1.
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    pub second: i64,
    pub millisecond: i64,
}

impl Default for CivilTime {
    fn default() -> Self {
        CivilTime {
            year: 1970,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            millisecond: 0,
        }
    }
}

const MS_PER_DAY: i128 = 86_400_000;

impl CivilTime {
    /// Milliseconds since 1970-01-01T00:00 on the same clock.
    fn local_ms(&self) -> Option<i64> {
        let months = i128::from(self.year) * 12 + i128::from(self.month) - 1;
        let days = days_before_month(months.div_euclid(12), months.rem_euclid(12))
            + i128::from(self.day)
            - 1;
        let ms = days * MS_PER_DAY
            + i128::from(self.hour) * 3_600_000
            + i128::from(self.minute) * 60_000
            + i128::from(self.second) * 1000
            + i128::from(self.millisecond);
        i64::try_from(ms).ok()
    }

    /// Epoch milliseconds of this time in a zone. Of a time that a zone has twice, the later one; one that it skips is
    /// taken as if the clock had not been put forward yet.
    pub fn in_zone(&self, zone: &TimeZone) -> Option<i64> {
        let local = self.local_ms()?;
        if *zone == TimeZone::UTC {
            return Some(local);
        }
        let offset = Timestamp::from_millisecond(local)
            .ok()
            .map(|as_if_utc| TimeZone::UTC.to_datetime(as_if_utc))
            .map(
                |datetime| match zone.to_ambiguous_timestamp(datetime).offset() {
                    AmbiguousOffset::Unambiguous { offset } => offset,
                    AmbiguousOffset::Gap { before, .. } => before,
                    AmbiguousOffset::Fold { after, .. } => after,
                },
            );
        let seconds = offset.map_or(0, |offset| i64::from(offset.seconds()));
        local.checked_sub(seconds * 1000)
    }

    /// Epoch milliseconds at a fixed distance from UTC.
    pub fn at_offset(&self, offset_ms: i64) -> Option<i64> {
        self.local_ms()?.checked_sub(offset_ms)
    }

    /// Whether every part is in its range.
    pub fn is_real(&self) -> bool {
        let length = match self.month {
            1..=12 => {
                let month = i128::from(self.year) * 12 + i128::from(self.month) - 1;
                let start = days_before_month(month.div_euclid(12), month.rem_euclid(12));
                let next = month + 1;
                days_before_month(next.div_euclid(12), next.rem_euclid(12)) - start
            }
            _ => return false,
        };
        (1..=length).contains(&i128::from(self.day))
            && (0..24).contains(&self.hour)
            && (0..60).contains(&self.minute)
            && (0..60).contains(&self.second)
            && (0..1000).contains(&self.millisecond)
    }
}

/// Days from 1970-01-01 to the first of a month (0 to 11) of a year.
fn days_before_month(year: i128, month: i128) -> i128 {
    // Years are counted from March, so that the leap day is the last one.
    let march_year = if month < 2 { year - 1 } else { year };
    let from_march = (month + 10) % 12;
    let era = march_year.div_euclid(400);
    let year_of_era = march_year.rem_euclid(400);
    let day_of_year = (153 * from_march + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The year that it is in a zone at an instant (epoch milliseconds).
pub(crate) fn year_of(now_ms: i64, zone: &TimeZone) -> i64 {
    Timestamp::from_millisecond(now_ms).map_or(1970, |now| i64::from(zone.to_datetime(now).year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(year: i64, month: i64, day: i64, hour: i64) -> CivilTime {
        CivilTime {
            year,
            month,
            day,
            hour,
            ..CivilTime::default()
        }
    }

    #[test]
    fn days_agree_with_the_calendar_library() {
        for (year, month, day) in [
            (1970, 1, 1),
            (2000, 2, 29),
            (2019, 10, 15),
            (1969, 12, 31),
            (1900, 3, 1),
        ] {
            let expected = jiff::civil::date(year, month, day)
                .to_zoned(TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_millisecond();
            let ours = at(i64::from(year), i64::from(month), i64::from(day), 0);
            assert_eq!(ours.in_zone(&TimeZone::UTC), Some(expected));
        }
    }

    #[test]
    fn parts_out_of_range_carry_over() {
        assert_eq!(at(2018, 13, 1, 0).local_ms(), at(2019, 1, 1, 0).local_ms());
        assert_eq!(at(2018, 0, 1, 0).local_ms(), at(2017, 12, 1, 0).local_ms());
        assert_eq!(at(2018, 1, 1, 25).local_ms(), at(2018, 1, 2, 1).local_ms());
        assert!(!at(2018, 2, 29, 0).is_real());
        assert!(at(2020, 2, 29, 23).is_real());
        assert_eq!(at(i64::MAX, 1, 1, 0).local_ms(), None);
    }

    #[test]
    fn the_zone_decides_and_a_doubled_hour_is_the_later_one() {
        let zone = TimeZone::get("America/New_York").unwrap();
        assert_eq!(
            at(2019, 10, 15, 12).in_zone(&zone),
            at(2019, 10, 15, 16).local_ms()
        );
        assert_eq!(
            at(2019, 11, 3, 1).in_zone(&zone),
            at(2019, 11, 3, 6).local_ms()
        );
        assert_eq!(
            at(2019, 3, 10, 2).in_zone(&zone),
            at(2019, 3, 10, 7).local_ms()
        );
    }
}
