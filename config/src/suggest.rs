/// The candidate that is spelt most like a name, if any is near enough to have been meant.
pub(crate) fn nearest<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let name: Vec<char> = name.to_lowercase().chars().take(MAX_COMPARED).collect();
    let limit = (name.len() / 3).max(1);
    candidates
        .iter()
        .map(|candidate| {
            let letters: Vec<char> = candidate
                .to_lowercase()
                .chars()
                .take(MAX_COMPARED)
                .collect();
            (distance(&name, &letters), *candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names are compared up to this many characters.
const MAX_COMPARED: usize = 64;

/// Insertions, deletions, replacements and swaps of two neighbours that turn one into the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = Vec::with_capacity(other.len() + 1);
        row.push(i + 1);
        for (j, b) in other.iter().enumerate() {
            let replaced = above[j] + usize::from(a != b);
            let mut least = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_something_else_is_not() {
        let known = ["parserClassName", "parserConfig", "sensorTopic"];
        assert_eq!(nearest("parserClasName", &known), Some("parserClassName"));
        assert_eq!(nearest("PARSERCONFIG", &known), Some("parserConfig"));
        assert_eq!(nearest("invalidWriterClassName", &known), None);
        assert_eq!(nearest("ulr", &["url"]), Some("url"), "a swap is one slip");
        assert_eq!(nearest("lru", &["url"]), None);
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
