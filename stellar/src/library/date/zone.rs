use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::calendar::{DAY_MS, Fields};

/// A time zone under one of the names that Java takes.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    zone: TimeZone,
    /// The name of a zone that is only an offset, such as `GMT+05:30`.
    fixed_name: Option<String>,
}

/// Names that stand for a place in Java and are not in the zone database, or mean something else there.
const OLD_NAMES: &[(&str, &str)] = &[
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

impl Zone {
    pub fn utc() -> Self {
        Zone {
            zone: TimeZone::UTC,
            fixed_name: Some("UTC".to_owned()),
        }
    }

    /// The zone of a name; GMT when there is none, as in Java.
    pub fn named(name: &str) -> Self {
        if name == "UTC" {
            return Zone::utc();
        }
        if let Some(seconds) = name.strip_prefix("GMT").and_then(offset_seconds) {
            return Zone::fixed(seconds);
        }
        let old = OLD_NAMES.iter().find(|(old, _)| *old == name);
        let name = old.map_or(name, |(_, place)| place);
        let is_name = |c: char| c.is_ascii_alphanumeric() || "/_+-".contains(c);
        match TimeZone::get(name) {
            Ok(zone) if name.chars().all(is_name) => Zone {
                zone,
                fixed_name: None,
            },
            _ => Zone::fixed(0),
        }
    }

    pub fn fixed(seconds: i32) -> Self {
        let name = match seconds {
            0 => "GMT".to_owned(),
            _ => format!("GMT{}", signed(seconds, ":")),
        };
        match Offset::from_seconds(seconds) {
            Ok(offset) => Zone {
                zone: TimeZone::fixed(offset),
                fixed_name: Some(name),
            },
            Err(_) => Zone::utc(),
        }
    }

    /// Seconds to add to UTC at an instant.
    pub fn offset_seconds(&self, epoch_ms: i64) -> i32 {
        self.zone.to_offset(clamped(epoch_ms)).seconds()
    }

    /// The short name at an instant, such as `PDT`.
    pub fn abbreviation(&self, epoch_ms: i64) -> String {
        match &self.fixed_name {
            Some(name) => name.clone(),
            None => {
                let info = self.zone.to_offset_info(clamped(epoch_ms));
                info.abbreviation().to_owned()
            }
        }
    }

    /// The name that the zone was asked for by, or the abbreviation.
    pub fn local_fields(&self, epoch_ms: i64) -> Fields {
        let offset = i64::from(self.offset_seconds(epoch_ms)) * 1_000;
        Fields::of_local_ms(epoch_ms.saturating_add(offset))
    }

    /// The instant of a local time. What a change of the clocks leaves out or makes ambiguous is taken as standard time.
    pub fn epoch_ms(&self, local_ms: i64) -> i64 {
        let seconds = match self.offset_of_local(local_ms) {
            Some(offset) => offset.seconds(),
            None => self.offset_seconds(local_ms),
        };
        local_ms.saturating_sub(i64::from(seconds) * 1_000)
    }

    fn offset_of_local(&self, local_ms: i64) -> Option<Offset> {
        let fields = Fields::of_local_ms(local_ms);
        // The zone database counts in the Gregorian calendar throughout, but there are no zones where that differs.
        let local = DateTime::new(
            i16::try_from(fields.date.year).ok()?,
            i8::try_from(fields.date.month).ok()?,
            i8::try_from(fields.date.day).ok()?,
            i8::try_from(fields.hour()).ok()?,
            i8::try_from(fields.minute()).ok()?,
            i8::try_from(fields.second()).ok()?,
            0,
        );
        Some(
            match self.zone.to_ambiguous_timestamp(local.ok()?).offset() {
                AmbiguousOffset::Unambiguous { offset } => offset,
                AmbiguousOffset::Gap { before, .. } => before,
                AmbiguousOffset::Fold { after, .. } => after,
            },
        )
    }
}

fn clamped(epoch_ms: i64) -> Timestamp {
    // Some days away from the ends, so that local times stay inside.
    let limit = 3_000 * 365 * DAY_MS;
    let clamped = epoch_ms.clamp(-limit, 2 * limit);
    Timestamp::from_millisecond(clamped).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// `+5`, `+05`, `+530`, `+0530`, `+5:30`, `+05:30`, in seconds.
pub(super) fn offset_seconds(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, text.get(1..)?),
        b'-' => (-1, text.get(1..)?),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) if minutes.len() == 2 => (hours, minutes),
        Some(_) => return None,
        None if digits.len() <= 2 => (digits, "0"),
        None => digits.split_at_checked(digits.len() - 2)?,
    };
    let number = |text: &str| -> Option<i32> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|_| is_number && text.len() <= 2)
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 3_600 + minutes * 60))
}

/// `+05:30` with the given separator.
pub(super) fn signed(seconds: i32, separator: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.unsigned_abs() / 60;
    format!("{sign}{:02}{separator}{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_have_many_spellings() {
        for (text, seconds) in [
            ("+5", Some(18_000)),
            ("-08", Some(-28_800)),
            ("+530", Some(19_800)),
            ("+05:30", Some(19_800)),
            ("+24", None),
            ("5", None),
            ("+5:3", None),
            ("+é", None),
        ] {
            assert_eq!(offset_seconds(text), seconds, "{text}");
        }
    }

    #[test]
    fn unknown_names_are_gmt() {
        assert_eq!(Zone::named("Nowhere/City").offset_seconds(0), 0);
        assert_eq!(Zone::named("../../etc/passwd").offset_seconds(0), 0);
        assert_eq!(Zone::named("America/New_York").offset_seconds(0), -18_000);
        assert_eq!(Zone::named("PST").offset_seconds(0), -28_800);
    }
}
