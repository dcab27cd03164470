//! A folder as a table.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::table::table;

/// What is known of a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The nine bits of rights, and the sticky one.
    pub(super) permission: u16,
    pub(super) owner: String,
    pub(super) group: String,
    pub(super) size: u64,
    /// Epoch milliseconds.
    pub(super) modified_ms: i64,
    pub(super) name: String,
}

const HEADERS: [&str; 6] = [
    "PERMISSION",
    "OWNER",
    "GROUP",
    "SIZE",
    "LAST MOD TIME",
    "NAME",
];

/// The oldest first; what has the same second, by name.
pub(super) fn table_of(mut entries: Vec<Entry>) -> String {
    entries.sort_by(|one, other| {
        let second = |entry: &Entry| entry.modified_ms.div_euclid(1000);
        (second(one), &one.name).cmp(&(second(other), &other.name))
    });
    let rows: Vec<Vec<String>> = entries
        .into_iter()
        .map(|entry| {
            vec![
                rights(entry.permission),
                entry.owner,
                entry.group,
                entry.size.to_string(),
                time(entry.modified_ms),
                entry.name,
            ]
        })
        .collect();
    table(&HEADERS, &rows)
}

/// `rwxr-xr-x`; the last place says `t` or `T` when the sticky bit is set, as in Hadoop.
fn rights(permission: u16) -> String {
    let mut rights = String::with_capacity(9);
    for shift in [6, 3, 0] {
        let bits = permission >> shift;
        for (bit, letter) in [(4, 'r'), (2, 'w'), (1, 'x')] {
            rights.push(if bits & bit == 0 { '-' } else { letter });
        }
    }
    if permission & 0o1000 != 0 {
        let is_executable = rights.pop() == Some('x');
        rights.push(if is_executable { 't' } else { 'T' });
    }
    rights
}

/// `Nov 3, 2026 6:05:09 AM`, in UTC.
fn time(millis: i64) -> String {
    match Timestamp::from_millisecond(millis) {
        Ok(time) => time
            .to_zoned(TimeZone::UTC)
            .strftime("%b %-d, %Y %-I:%M:%S %p")
            .to_string(),
        Err(_) => millis.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str, modified_ms: i64) -> Entry {
        Entry {
            permission: 0o644,
            owner: "metron".to_owned(),
            group: "hadoop".to_owned(),
            size: 3,
            modified_ms,
            name: name.to_owned(),
        }
    }

    #[test]
    fn rights_and_times_are_upstreams() {
        assert_eq!(rights(0o755), "rwxr-xr-x");
        assert_eq!(rights(0o644), "rw-r--r--");
        assert_eq!(rights(0o1777), "rwxrwxrwt");
        assert_eq!(rights(0o1776), "rwxrwxrwT");
        assert_eq!(time(1_793_685_909_999), "Nov 3, 2026 6:05:09 AM");
        assert_eq!(time(0), "Jan 1, 1970 12:00:00 AM");
        assert_eq!(time(46_800_000), "Jan 1, 1970 1:00:00 PM");
        assert_eq!(time(i64::MAX), i64::MAX.to_string());
    }

    #[test]
    fn the_oldest_comes_first() {
        let shown = table_of(vec![entry("b", 1999), entry("c", 500), entry("a", 1000)]);
        let names: Vec<&str> = shown
            .lines()
            .filter(|line| line.contains("metron"))
            .filter_map(|line| line.trim_end_matches([' ', '║']).split(' ').next_back())
            .collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(table_of(Vec::new()).contains("(empty)"));
    }
}
