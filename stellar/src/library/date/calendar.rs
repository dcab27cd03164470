//! Days and their names: the Gregorian calendar from 15 October 1582 on, the Julian one before, as in Java.

/// The first Gregorian day, counted from 1 January 1970.
const CUTOVER: i64 = -141_427;
pub(super) const DAY_MS: i64 = 86_400_000;

/// A date: the year is astronomical (0 is 1 BC), month and day count from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

impl Date {
    pub fn of(epoch_day: i64) -> Self {
        // Both calendars are counted from 1 March of year 0, so that a leap day is the last of its year.
        let gregorian = epoch_day >= CUTOVER;
        let (era_days, era_years, shifted) = match gregorian {
            true => (146_097, 400, epoch_day + 719_468),
            false => (1_461, 4, epoch_day + 719_470),
        };
        let era = shifted.div_euclid(era_days);
        let day_of_era = shifted.rem_euclid(era_days);
        let year_of_era = match gregorian {
            true => {
                (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365
            }
            false => (day_of_era - day_of_era / 1_460) / 365,
        };
        let centuries = if gregorian { year_of_era / 100 } else { 0 };
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - centuries);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let month = if shifted_month < 10 {
            shifted_month + 3
        } else {
            shifted_month - 9
        };
        Date {
            year: era * era_years + year_of_era + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        }
    }

    /// The day counted from 1 January 1970. Month and day may lie outside of their ranges.
    pub fn epoch_day(year: i64, month: i64, day: i64) -> i64 {
        let year = year + (month - 1).div_euclid(12);
        let month = (month - 1).rem_euclid(12) + 1;
        let gregorian = first_of_month(year, month, true) + day - 1;
        if gregorian >= CUTOVER {
            return gregorian;
        }
        first_of_month(year, month, false) + day - 1
    }
}

fn first_of_month(year: i64, month: i64, gregorian: bool) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted_month + 2) / 5;
    let (era_days, era_years, shift) = match gregorian {
        true => (146_097, 400, 719_468),
        false => (1_461, 4, 719_470),
    };
    let era = year.div_euclid(era_years);
    let year_of_era = year.rem_euclid(era_years);
    let centuries = if gregorian { year_of_era / 100 } else { 0 };
    era * era_days + year_of_era * 365 + year_of_era / 4 - centuries + day_of_year - shift
}

/// Day of the week, Sunday is 1.
pub(super) fn day_of_week(epoch_day: i64) -> i64 {
    (epoch_day + 4).rem_euclid(7) + 1
}

/// Everything that Java's calendar knows about a local time. Weeks begin on Sunday, the first week has at least one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fields {
    pub date: Date,
    pub epoch_day: i64,
    pub ms_of_day: i64,
}

impl Fields {
    pub fn of_local_ms(local_ms: i64) -> Self {
        let epoch_day = local_ms.div_euclid(DAY_MS);
        Fields {
            date: Date::of(epoch_day),
            epoch_day,
            ms_of_day: local_ms.rem_euclid(DAY_MS),
        }
    }

    pub fn hour(&self) -> i64 {
        self.ms_of_day / 3_600_000
    }

    pub fn minute(&self) -> i64 {
        self.ms_of_day / 60_000 % 60
    }

    pub fn second(&self) -> i64 {
        self.ms_of_day / 1_000 % 60
    }

    pub fn millisecond(&self) -> i64 {
        self.ms_of_day % 1_000
    }

    /// 0 is BC, 1 is AD.
    pub fn era(&self) -> i64 {
        i64::from(self.date.year > 0)
    }

    pub fn year_of_era(&self) -> i64 {
        match self.date.year {
            year if year > 0 => year,
            year => 1 - year,
        }
    }

    pub fn day_of_week(&self) -> i64 {
        day_of_week(self.epoch_day)
    }

    pub fn day_of_year(&self) -> i64 {
        self.epoch_day - Date::epoch_day(self.date.year, 1, 1) + 1
    }

    pub fn week_of_month(&self) -> i64 {
        week(self.date.day, self.day_of_week())
    }

    /// The week of the year. The last days of December may belong to the first week of the next year.
    pub fn week_of_year(&self) -> i64 {
        if self.week_year() > self.date.year {
            return 1;
        }
        week(self.day_of_year(), self.day_of_week())
    }

    pub fn week_year(&self) -> i64 {
        let next = Date::epoch_day(self.date.year + 1, 1, 1);
        let begins = next - (day_of_week(next) - 1);
        self.date.year + i64::from(self.epoch_day >= begins)
    }

    pub fn day_of_week_in_month(&self) -> i64 {
        (self.date.day - 1) / 7 + 1
    }
}

/// The week that a day falls into, given its number in the month or year.
fn week(day: i64, day_of_week: i64) -> i64 {
    let first = (day_of_week - day).rem_euclid(7);
    (day - 1 + first) / 7 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        for (day, (year, month, of_month)) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (CUTOVER, (1582, 10, 15)),
            (CUTOVER - 1, (1582, 10, 4)),
            (-719_165, (0, 12, 31)),
        ] {
            let date = Date {
                year,
                month,
                day: of_month,
            };
            assert_eq!(Date::of(day), date);
            assert_eq!(Date::epoch_day(year, month, of_month), day);
        }
        for day in (-1_000_000..1_000_000).step_by(97) {
            let date = Date::of(day);
            assert_eq!(Date::epoch_day(date.year, date.month, date.day), day);
        }
    }

    #[test]
    fn weeks_begin_on_sunday() {
        let fields = |ms| Fields::of_local_ms(ms);
        assert_eq!(fields(1_483_228_800_000).week_of_year(), 1); // 1 January 2017, a Sunday
        assert_eq!(fields(1_293_839_999_000).week_of_year(), 1); // 31 December 2010
        assert_eq!(fields(1_583_020_799_999).week_of_month(), 5); // 29 February 2020
        assert_eq!(fields(0).day_of_week(), 5);
    }
}
