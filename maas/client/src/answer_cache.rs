//! Answers by request, bounded in number, in bytes and in age.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use alidade_event::Value;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A request: model, version, path and arguments, without the address of any instance.
pub(crate) type Key = Arc<[u8]>;

/// Threads seldom meet in the same part.
const PARTS: usize = 16;
/// An answer that is larger than this would drive out too many others.
const LARGEST_ANSWER: usize = 64 * 1024;

/// A cache of answers that many threads share. Each part holds two generations: new answers go to the young one; when
/// that is half of the bound it becomes the old one, and the former old one is dropped. What is used moves up again.
#[derive(Debug)]
pub(crate) struct AnswerCache {
    parts: Vec<Mutex<Part>>,
    hashing: KeyHashing,
    entries_per_generation: usize,
    bytes_per_generation: usize,
}

#[derive(Debug)]
struct Part {
    young: Generation,
    old: Generation,
}

#[derive(Debug)]
struct Generation {
    entries: HashMap<Key, Entry, KeyHashing>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Entry {
    value: Value,
    expires: Instant,
    bytes: usize,
}

impl AnswerCache {
    pub(crate) fn new(max_entries: usize, max_bytes: usize) -> AnswerCache {
        let hashing = KeyHashing::new();
        let part = || {
            Mutex::new(Part {
                young: Generation::new(hashing),
                old: Generation::new(hashing),
            })
        };
        AnswerCache {
            parts: (0..PARTS).map(|_| part()).collect(),
            hashing,
            entries_per_generation: (max_entries / PARTS / 2).max(1),
            bytes_per_generation: max_bytes / PARTS / 2,
        }
    }

    fn part(&self, key: &[u8]) -> MutexGuard<'_, Part> {
        // The top bits: the map inside uses the others.
        let at = (self.hashing.hash_one(key) >> 60) as usize % PARTS;
        self.parts[at]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn get(&self, key: &[u8], now: Instant) -> Option<Value> {
        let mut part = self.part(key);
        if let Some(entry) = part.young.entries.get(key) {
            return (entry.expires > now).then(|| entry.value.clone());
        }
        let (key, entry) = part.old.entries.remove_entry(key)?;
        part.old.bytes = part.old.bytes.saturating_sub(entry.bytes);
        if entry.expires <= now {
            return None;
        }
        let value = entry.value.clone();
        self.put_young(&mut part, key, entry);
        Some(value)
    }

    /// Keeps an answer. `answer_bytes` is the length of the text it was read from.
    pub(crate) fn put(&self, key: Key, value: Value, answer_bytes: usize, expires: Instant) {
        if answer_bytes > LARGEST_ANSWER || key.len() > LARGEST_ANSWER {
            return;
        }
        let mut part = self.part(&key);
        let entry = Entry {
            value,
            expires,
            // Read values take some times the room of their text.
            bytes: key.len() + 4 * answer_bytes + 200,
        };
        self.put_young(&mut part, key, entry);
    }

    fn put_young(&self, part: &mut Part, key: Key, entry: Entry) {
        let is_full = part.young.entries.len() >= self.entries_per_generation
            || part.young.bytes + entry.bytes > self.bytes_per_generation;
        if is_full && !part.young.entries.is_empty() {
            let empty = Generation::new(self.hashing);
            part.old = std::mem::replace(&mut part.young, empty);
        }
        part.young.bytes += entry.bytes;
        if let Some(former) = part.young.entries.insert(key, entry) {
            part.young.bytes = part.young.bytes.saturating_sub(former.bytes);
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        let lengths = self.parts.iter().map(|part| {
            let part = part.lock().unwrap();
            part.young.entries.len() + part.old.entries.len()
        });
        lengths.sum()
    }
}

impl Generation {
    fn new(hashing: KeyHashing) -> Self {
        Self {
            entries: HashMap::with_hasher(hashing),
            bytes: 0,
        }
    }
}

/// Hashes keys in one go, with a seed that a sender of events cannot know.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KeyHashing {
    seed: u64,
}

impl KeyHashing {
    pub(crate) fn new() -> Self {
        Self {
            seed: RandomState::new().hash_one(0_u64),
        }
    }
}

impl BuildHasher for KeyHashing {
    type Hasher = KeyHasher;

    fn build_hasher(&self) -> KeyHasher {
        KeyHasher { state: self.seed }
    }
}

pub(crate) struct KeyHasher {
    state: u64,
}

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.state
    }

    fn write(&mut self, bytes: &[u8]) {
        self.state = xxh3_64_with_seed(bytes, self.state);
    }

    fn write_usize(&mut self, number: usize) {
        self.state = self.state.rotate_left(7) ^ number as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(number: usize) -> Key {
        Key::from(number.to_le_bytes().as_slice())
    }

    #[test]
    fn answers_are_found_until_they_expire() {
        let cache = AnswerCache::new(1000, 1 << 20);
        let now = Instant::now();
        cache.put(key(1), Value::Int(7), 1, now + Duration::from_secs(10));
        assert_eq!(cache.get(&key(1), now), Some(Value::Int(7)));
        assert_eq!(cache.get(&key(2), now), None);
        assert_eq!(cache.get(&key(1), now + Duration::from_secs(10)), None);
    }

    #[test]
    fn the_number_of_answers_is_bounded_and_used_ones_stay() {
        let cache = AnswerCache::new(3200, 1 << 30);
        let now = Instant::now();
        let later = now + Duration::from_secs(10);
        cache.put(key(0), Value::Int(0), 1, later);
        for number in 1..100_000 {
            cache.put(key(number), Value::Null, 1, later);
            assert!(cache.get(&key(0), now).is_some(), "lost after {number}");
        }
        assert!(cache.len() <= 3200, "{}", cache.len());
    }

    #[test]
    fn the_bytes_are_bounded() {
        let cache = AnswerCache::new(1_000_000, 1 << 20);
        let now = Instant::now();
        let later = now + Duration::from_secs(10);
        for number in 0..10_000 {
            cache.put(key(number), Value::Null, 1000, later);
        }
        assert!(cache.len() * 4000 <= 1 << 20, "{}", cache.len());
        cache.put(key(77_777), Value::Null, LARGEST_ANSWER + 1, later);
        assert_eq!(cache.get(&key(77_777), now), None);
    }
}
