/// The name nearest to a misspelt one, if there is one near enough to be meant.
pub(crate) fn closest<'n>(name: &str, names: &[&'n str]) -> Option<&'n str> {
    if name.len() > 64 {
        return None;
    }
    let wanted = name.to_ascii_uppercase();
    names
        .iter()
        .map(|candidate| {
            (
                distance(wanted.as_bytes(), candidate.as_bytes()),
                *candidate,
            )
        })
        .min()
        .filter(|(distance, candidate)| *distance <= candidate.len().max(wanted.len()).div_ceil(4))
        .map(|(_, candidate)| candidate)
}

/// Number of insertions, deletions and replacements that lead from one text to the other.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_names_are_offered() {
        let names = ["TO_UPPER", "TO_LOWER", "JOIN", "MAP_GET"];
        assert_eq!(closest("TO_UPER", &names), Some("TO_UPPER"));
        assert_eq!(closest("to_upper", &names), Some("TO_UPPER"));
        assert_eq!(closest("MAPGET", &names), Some("MAP_GET"));
        assert_eq!(closest("SOMETHING_ELSE", &names), None);
    }
}
