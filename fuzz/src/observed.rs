use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

/// What could be seen of a run from outside: codes, messages, kinds of values. An input that shows something that none before
/// it has shown is worth altering further. Nothing that depends on the clock belongs here: a seed must fix a whole run.
#[derive(Debug, Default)]
pub struct Observed {
    features: Vec<u64>,
}

impl Observed {
    pub fn note(&mut self, feature: impl Hash) {
        let mut hasher = DefaultHasher::new();
        feature.hash(&mut hasher);
        self.features.push(hasher.finish());
    }

    /// Notes a message, whatever it quotes and counts.
    pub fn note_message(&mut self, message: &str) {
        self.note(shape(message));
    }

    pub fn clear(&mut self) {
        self.features.clear();
    }

    pub fn features(&self) -> &[u64] {
        &self.features
    }
}

/// Longest shape of a message: what follows mostly repeats the input.
const MAX_SHAPE: usize = 40;

/// The words of a message, without its numbers and without what stands in quotes.
pub fn shape(message: &str) -> String {
    let mut shape = String::new();
    let mut quote = None;
    for c in message.chars().take(2_000) {
        match quote {
            Some(open) if open == c => quote = None,
            Some(_) => continue,
            None if matches!(c, '`' | '\'' | '"') => quote = Some(c),
            None if c.is_ascii_alphabetic() => shape.push(c),
            None if !shape.ends_with(' ') => shape.push(' '),
            None => {}
        }
        if shape.len() >= MAX_SHAPE {
            break;
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_that_differ_in_details_have_one_shape() {
        assert_eq!(
            shape("`a` takes 12 bytes of \"x y\""),
            shape("`bc` takes 7 bytes of \"\"")
        );
        assert_ne!(shape("too long"), shape("too short"));
    }
}
