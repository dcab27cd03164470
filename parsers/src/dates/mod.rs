//! Dates as Java's formatters read them.

mod civil;
mod java_time;
mod simple;
mod zone;

pub(crate) use civil::{CivilTime, year_of};
pub(crate) use java_time::JavaTimeFormat;
pub(crate) use simple::JavaDateFormat;
pub(crate) use zone::{lenient_zone, offset_at, strict_zone};

/// English month names, as Java's English locale has them.
pub(crate) const MONTHS: [&str; 12] = [
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

/// The number of the month (0 to 11) that a text begins with, and the length of its name there. Long names are tried
/// first, upper and lower case are the same.
pub(crate) fn month_at(text: &str) -> Option<(i64, usize)> {
    name_at(text, &MONTHS)
}

/// The index of the name that a text begins with, in full or as its first three letters.
pub(crate) fn name_at(text: &str, names: &[&str]) -> Option<(i64, usize)> {
    let begins = |name: &str| {
        text.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let full = names.iter().position(|name| begins(name));
    if let Some(at) = full {
        return Some((at as i64, names[at].len()));
    }
    let at = names
        .iter()
        .position(|name| name.get(..3).is_some_and(begins))?;
    Some((at as i64, 3))
}
