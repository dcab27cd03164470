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

/// Levenshtein's distance: insertions, deletions and replacements that turn one into the other.
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
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
        assert_eq!(nearest("", &known), None);
        assert_eq!(nearest("x", &[]), None);
    }
}
