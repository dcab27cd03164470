//! Zones by Java's names.

use jiff::tz::{Offset, TimeZone};

/// Java's `TimeZone.getTimeZone`: what it does not know is GMT.
pub(crate) fn lenient_zone(name: &str) -> TimeZone {
    strict_zone(name).unwrap_or(TimeZone::UTC)
}

/// A zone by its region name, by an old three-letter name, or as `GMT+2`, `UTC-03:30`.
pub(crate) fn strict_zone(name: &str) -> Option<TimeZone> {
    if matches!(name, "UTC" | "GMT" | "Z" | "UT" | "Zulu") {
        return Some(TimeZone::UTC);
    }
    if let Some(region) = old_name(name) {
        return TimeZone::get(region).ok();
    }
    let distance = ["GMT", "UTC", "UT", ""].iter().find_map(|prefix| {
        name.strip_prefix(prefix)
            .filter(|rest| rest.starts_with(['+', '-']))
    });
    if let Some(distance) = distance {
        let (seconds, used) = offset_at(distance)?;
        if used != distance.len() {
            return None;
        }
        return Offset::from_seconds(i32::try_from(seconds).ok()?)
            .ok()
            .map(TimeZone::fixed);
    }
    TimeZone::get(name).ok()
}

fn old_name(name: &str) -> Option<&'static str> {
    Some(match name {
        "PST" => "America/Los_Angeles",
        "PNT" => "America/Phoenix",
        "CST" => "America/Chicago",

        "IST" => "Asia/Kolkata",
        "JST" => "Asia/Tokyo",
        "CTT" => "Asia/Shanghai",
        "ECT" => "Europe/Paris",
        "ACT" => "Australia/Darwin",
        "AET" => "Australia/Sydney",
        "BST" => "Asia/Dhaka",
        _ => return None,
    })
}

/// Seconds east of UTC that a text begins with (`+5`, `+0530`, `-03:30`), and the length of that.
pub(crate) fn offset_at(text: &str) -> Option<(i64, usize)> {
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digit = |at: usize| {
        bytes
            .get(at)
            .filter(|byte| byte.is_ascii_digit())
            .map(|byte| i64::from(byte - b'0'))
    };
    let mut hours = digit(1)?;
    let mut at = 2;
    if let Some(second) = digit(2) {
        hours = hours * 10 + second;
        at = 3;
    }
    let minutes_at = if bytes.get(at) == Some(&b':') {
        at + 1
    } else {
        at
    };
    let mut minutes = 0;
    if let (Some(tens), Some(ones)) = (digit(minutes_at), digit(minutes_at + 1)) {
        minutes = tens * 10 + ones;
        at = minutes_at + 2;
    }
    if hours > 23 || minutes > 59 {
        return None;
    }
    Some((sign * (hours * 3600 + minutes * 60), at))
}

/// Zone names inside a date: seconds east of UTC, and the length of the name.
pub(crate) fn named_offset_at(text: &str) -> Option<(i64, usize)> {
    if let Some(found) = offset_at(text) {
        return Some(found);
    }
    let length = text
        .find(|c: char| !c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let name = text.get(..length)?;
    if name.eq_ignore_ascii_case("GMT")
        || name.eq_ignore_ascii_case("UTC")
        || name.eq_ignore_ascii_case("UT")
    {
        let (seconds, used) = offset_at(text.get(length..)?).unwrap_or((0, 0));
        return Some((seconds, length + used));
    }
    let (_, hours) = ABBREVIATIONS
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))?;
    Some(((hours * 3600.0) as i64, length))
}

/// Usual abbreviations and their hours east of UTC.
const ABBREVIATIONS: [(&str, f64); 34] = [
    ("EST", -5.0),
    ("EDT", -4.0),
    ("CST", -6.0),
    ("CDT", -5.0),
    ("MST", -7.0),
    ("MDT", -6.0),
    ("PST", -8.0),
    ("PDT", -7.0),
    ("AKST", -9.0),
    ("AKDT", -8.0),
    ("HST", -10.0),
    ("AST", -4.0),
    ("ADT", -3.0),
    ("NST", -3.5),
    ("NDT", -2.5),
    ("BRT", -3.0),
    ("ART", -3.0),
    ("WET", 0.0),
    ("WEST", 1.0),
    ("BST", 1.0),
    ("CET", 1.0),
    ("CEST", 2.0),
    ("EET", 2.0),
    ("EEST", 3.0),
    ("MSK", 3.0),
    ("SAST", 2.0),
    ("IST", 5.5),
    ("SGT", 8.0),
    ("HKT", 8.0),
    ("AWST", 8.0),
    ("JST", 9.0),
    ("KST", 9.0),
    ("AEST", 10.0),
    ("NZST", 12.0),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_region_distance_and_abbreviation() {
        assert!(strict_zone("America/New_York").is_some());
        assert!(strict_zone("GMT+5:30").is_some());
        assert!(strict_zone("Nowhere/Else").is_none());
        assert_eq!(lenient_zone("Nowhere/Else"), TimeZone::UTC);
        assert_eq!(offset_at("+0530x"), Some((19_800, 5)));
        assert_eq!(offset_at("-3"), Some((-10_800, 2)));
        assert_eq!(offset_at("+99"), None);
        assert_eq!(named_offset_at("EDT rest"), Some((-14_400, 3)));
        assert_eq!(named_offset_at("GMT-02:00"), Some((-7200, 9)));
        assert_eq!(named_offset_at("XYZ"), None);
    }
}
