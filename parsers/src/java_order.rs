//! The order in which Java's `HashMap` lists text keys. Two sensors put it into `original_string`.

/// How a map was filled; that decides how large its table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Entry by entry.
    OneByOne,
    /// As a copy of another map.
    Copied,
}

/// The positions of the keys in the order of a Java `HashMap`. Keys are different from each other.
pub(crate) fn order<S: AsRef<str>>(keys: &[S], filled: Filled) -> Vec<usize> {
    let table = table_size(keys.len(), filled);
    let mut positions: Vec<usize> = (0..keys.len()).collect();
    // Within a bucket, keys keep the order in which they came: the sort is stable.
    positions.sort_by_key(|at| {
        keys.get(*at)
            .map_or(0, |key| spread(key.as_ref()) & (table - 1))
    });
    positions
}

fn table_size(keys: usize, filled: Filled) -> u32 {
    let wanted = match filled {
        Filled::OneByOne => {
            let mut size: usize = 16;
            while keys > size / 4 * 3 {
                size *= 2;
            }
            size
        }
        Filled::Copied => ((keys as f32 / 0.75 + 1.0) as usize).next_power_of_two(),
    };
    u32::try_from(wanted).unwrap_or(1 << 31)
}

/// `hashCode` of a text, its upper half mixed into the lower.
fn spread(key: &str) -> u32 {
    let hash = key.encode_utf16().fold(0u32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(u32::from(unit))
    });
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_come_in_the_order_that_java_gives_them() {
        let keys = [
            "ts",
            "uid",
            "id.orig_h",
            "id.orig_p",
            "id.resp_h",
            "id.resp_p",
        ];
        let ordered: Vec<&str> = order(&keys, Filled::OneByOne)
            .into_iter()
            .map(|at| keys[at])
            .collect();
        assert_eq!(
            ordered,
            [
                "uid",
                "id.orig_p",
                "id.resp_p",
                "id.orig_h",
                "ts",
                "id.resp_h"
            ]
        );
        assert_eq!(order::<&str>(&[], Filled::Copied), Vec::<usize>::new());
    }
}
