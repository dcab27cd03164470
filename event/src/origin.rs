use xxhash_rust::xxh3::Xxh3;

use crate::Str;

/// The Kafka record that an event came from.
///
/// `record_time_ms` is the record's own timestamp; it tells a topic that was deleted and made again from the first one.
/// `index` counts the events that one record gave.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub topic: Str,
    pub partition: i32,
    pub offset: i64,
    pub record_time_ms: i64,
    pub index: u32,
}

impl Origin {
    /// A UUID (version 8) that depends on nothing but the origin, so that a replay overwrites itself in the index.
    pub fn guid(&self) -> Str {
        self.named_guid("event")
    }

    /// A guid for another document about the same origin, such as an error record.
    pub fn named_guid(&self, purpose: &str) -> Str {
        let mut hasher = Xxh3::new();
        hasher.update(self.topic.as_bytes());
        hasher.update(&[0]);
        hasher.update(&self.partition.to_le_bytes());
        hasher.update(&self.offset.to_le_bytes());
        hasher.update(&self.record_time_ms.to_le_bytes());
        hasher.update(&self.index.to_le_bytes());
        hasher.update(purpose.as_bytes());
        format_uuid(hasher.digest128())
    }
}

fn format_uuid(hash: u128) -> Str {
    const VERSION_8: u128 = 0x8 << 76;
    const VARIANT_RFC: u128 = 0b10 << 62;
    let bits = (hash & !(0xf << 76) & !(0b11 << 62)) | VERSION_8 | VARIANT_RFC;
    let mut text = [0u8; 36];
    let mut at = 0;
    for nibble in (0..32).rev() {
        if matches!(at, 8 | 13 | 18 | 23) {
            text[at] = b'-';
            at += 1;
        }
        text[at] = b"0123456789abcdef"[((bits >> (nibble * 4)) & 0xf) as usize];
        at += 1;
    }
    Str::new(std::str::from_utf8(&text).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(offset: i64, index: u32) -> Origin {
        Origin {
            topic: "squid".into(),
            partition: 0,
            offset,
            record_time_ms: 1,
            index,
        }
    }

    #[test]
    fn guid_is_a_uuid_that_repeats_for_the_same_origin_only() {
        let guid = origin(7, 0).guid();
        assert_eq!(guid, origin(7, 0).guid());
        assert_ne!(guid, origin(8, 0).guid());
        assert_ne!(guid, origin(7, 1).guid());
        assert_ne!(guid, origin(7, 0).named_guid("error"));
        assert_eq!(guid.len(), 36);
        let groups: Vec<usize> = guid.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12]);
        assert_eq!(&guid[14..15], "8");
        assert!(["8", "9", "a", "b"].contains(&&guid[19..20]));
    }
}
