//! Names of files: they say which records of which partition a file holds.

/// What upstream's files begin with; readers look for `enrichment-*`.
const PREFIX: &str = "enrichment-hdfsIndexingBolt-";
const EXTENSION: &str = ".json";

/// The records of one partition that a file holds events of: not necessarily all in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetRange {
    pub(super) first: i64,
    pub(super) last: i64,
}

impl OffsetRange {
    pub(super) fn contains(&self, offset: i64) -> bool {
        (self.first..=self.last).contains(&offset)
    }
}

/// `enrichment-hdfsIndexingBolt-<topic>-<partition>-<first>-<last>.json`. `copy` tells apart files of the same range with
/// different content (a topic that was deleted and made again): 0 is the first and leaves no trace in the name.
pub(super) fn final_name(topic: &str, partition: i32, range: OffsetRange, copy: u32) -> String {
    let OffsetRange { first, last } = range;
    match copy {
        0 => format!("{PREFIX}{topic}-{partition}-{first}-{last}{EXTENSION}"),
        copy => format!("{PREFIX}{topic}-{partition}-{first}-{last}.{copy}{EXTENSION}"),
    }
}

/// The range of a final name, if it is one of this partition.
pub(super) fn range_of(name: &str, topic: &str, partition: i32) -> Option<OffsetRange> {
    let rest = name
        .strip_prefix(PREFIX)?
        .strip_prefix(topic)?
        .strip_prefix(&format!("-{partition}-"))?
        .strip_suffix(EXTENSION)?;
    let (range, copy) = rest.split_once('.').unwrap_or((rest, "0"));
    copy.parse::<u32>().ok()?;
    let (first, last) = range.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (0 <= first && first <= last).then_some(OffsetRange { first, last })
}

/// The name while the file is being written: hidden from readers.
pub(super) fn temporary_name(
    topic: &str,
    partition: i32,
    range: OffsetRange,
    token: &str,
) -> String {
    let OffsetRange { first, last } = range;
    format!(".{PREFIX}{topic}-{partition}-{first}-{last}.{token}.tmp")
}

/// Whether a name is a temporary one of this partition, of whatever process.
pub(super) fn is_temporary(name: &str, topic: &str, partition: i32) -> bool {
    name.strip_prefix('.')
        .and_then(|rest| rest.strip_prefix(PREFIX))
        .and_then(|rest| rest.strip_prefix(topic))
        .and_then(|rest| rest.strip_prefix(&format!("-{partition}-")))
        .is_some_and(|rest| {
            let range = rest.split('.').next().unwrap_or_default();
            let is_range = range.split('-').count() == 2
                && range
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'-');
            is_range && rest.ends_with(".tmp")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANGE: OffsetRange = OffsetRange { first: 3, last: 19 };

    #[test]
    fn names_can_be_read_back() {
        let name = final_name("indexing", 2, RANGE, 0);
        assert_eq!(name, "enrichment-hdfsIndexingBolt-indexing-2-3-19.json");
        assert_eq!(range_of(&name, "indexing", 2), Some(RANGE));
        let copy = final_name("a-1.b", 0, RANGE, 4);
        assert_eq!(copy, "enrichment-hdfsIndexingBolt-a-1.b-0-3-19.4.json");
        assert_eq!(range_of(&copy, "a-1.b", 0), Some(RANGE));
    }

    #[test]
    fn names_of_others_are_not_taken_for_ours() {
        for name in [
            "enrichment-hdfsIndexingBolt-3-0-1571163632536.json",
            "enrichment-hdfsIndexingBolt-indexing-2-3-19.json.tmp",
            "enrichment-hdfsIndexingBolt-indexing-2-19-3.json",
            "enrichment-hdfsIndexingBolt-indexing-2--3-19.json",
            "enrichment-hdfsIndexingBolt-indexing-2-3-99999999999999999999.json",
            "x",
        ] {
            assert_eq!(range_of(name, "indexing", 2), None, "{name}");
        }
        let other = final_name("indexing-1", 2, RANGE, 0);
        assert_eq!(range_of(&other, "indexing", 1), None);
    }

    #[test]
    fn temporary_names_are_hidden() {
        let name = temporary_name("indexing", 2, RANGE, "77-1");
        assert_eq!(
            name,
            ".enrichment-hdfsIndexingBolt-indexing-2-3-19.77-1.tmp"
        );
        assert!(is_temporary(&name, "indexing", 2));
        assert!(!is_temporary(&name, "indexing", 3));
        assert!(!is_temporary(
            &temporary_name("indexing-2", 4, RANGE, "x"),
            "indexing",
            2
        ));
        assert_eq!(range_of(&name, "indexing", 2), None);
    }
}
