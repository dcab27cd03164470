use std::collections::HashMap;

use crate::{Problem, Severity};

/// More places of one and the same warning than this are told together.
const MOST_ALIKE: usize = 2;
/// Places that are named of those told together.
const MOST_PLACES: usize = 5;

/// A problem, with the further places of the very same warning.
pub(crate) struct Folded<'p> {
    pub problem: &'p Problem,
    pub also: Vec<&'p Problem>,
}

/// Puts warnings that say the same in many places together, at the first place. Errors each stand for themselves.
pub(crate) fn fold(problems: &[Problem]) -> Vec<Folded<'_>> {
    let mut alike: HashMap<(&str, &str), Vec<&Problem>> = HashMap::new();
    for problem in problems {
        if problem.severity == Severity::Warning {
            let key = (problem.code, problem.message.as_str());
            alike.entry(key).or_default().push(problem);
        }
    }
    alike.retain(|_, places| places.len() > MOST_ALIKE);
    let mut folded = Vec::new();
    for problem in problems {
        let key = (problem.code, problem.message.as_str());
        let also = match alike.get_mut(&key) {
            Some(_) if problem.severity == Severity::Error => Vec::new(),
            Some(places) if places.is_empty() => continue,
            Some(places) => std::mem::take(places).split_off(1),
            None => Vec::new(),
        };
        folded.push(Folded { problem, also });
    }
    folded
}

impl Folded<'_> {
    /// `also at enrichments/bro.json:4:14 and 3 other places`; nothing where there is one place only.
    pub fn other_places(&self) -> Option<String> {
        if self.also.is_empty() {
            return None;
        }
        let named: Vec<String> = self
            .also
            .iter()
            .take(MOST_PLACES)
            .map(|problem| problem.location())
            .collect();
        let rest = self.also.len() - named.len();
        let rest = match rest {
            0 => String::new(),
            1 => " and one more place".to_owned(),
            more => format!(" and {more} more places"),
        };
        Some(format!("also at {}{rest}", named.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_warnings_alike_are_one() {
        let warning =
            |document: &str, message: &str| Problem::error(document, "C111", message).as_warning();
        let mut problems: Vec<Problem> = (0..9)
            .map(|number| warning(&format!("enrichments/s{number}"), "not built"))
            .collect();
        problems.insert(1, warning("a", "other"));
        problems.insert(2, Problem::error("b", "C111", "not built"));
        let folded = fold(&problems);
        let documents: Vec<&str> = folded
            .iter()
            .map(|folded| folded.problem.document.as_str())
            .collect();
        assert_eq!(documents, ["enrichments/s0", "a", "b"]);
        assert_eq!(
            folded[0].other_places().unwrap(),
            "also at enrichments/s1.json, enrichments/s2.json, enrichments/s3.json, enrichments/s4.json, enrichments/s5.json and 3 more places"
        );
        assert_eq!(folded[1].other_places(), None);
        assert_eq!(fold(&problems[..3]).len(), 3);
    }
}
