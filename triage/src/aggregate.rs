use serde::{Deserialize, Serialize};

/// How the scores of the rules that fired become one.
///
/// Upstream: `Aggregators.java`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Aggregator {
    /// The largest score, but never less than 0.
    #[default]
    Max,
    /// The smallest score.
    Min,
    Sum,
    /// The sum divided by the number of scores; zeros count.
    Mean,
    /// The mean of the scores above 0; 0 when there are none.
    PositiveMean,
}

impl Aggregator {
    /// One score from many; 0 from none. With `negatives_trump`, a single negative score makes it negative infinity.
    pub fn aggregate(self, scores: &[f64], negatives_trump: bool) -> f64 {
        if scores.is_empty() {
            return 0.0;
        }
        if negatives_trump && scores.iter().any(|score| *score < 0.0) {
            return f64::NEG_INFINITY;
        }
        match self {
            Aggregator::Max => extreme(scores, 0.0, |score, best| score > best),
            Aggregator::Min => extreme(scores, f64::MAX, |score, best| score < best),
            Aggregator::Sum => scores.iter().sum(),
            Aggregator::Mean => scores.iter().sum::<f64>() / scores.len() as f64,
            Aggregator::PositiveMean => positive_mean(scores),
        }
    }
}

/// Not a number beats everything, as in Java's `Math.max` and `Math.min`.
fn extreme(scores: &[f64], start: f64, better: fn(f64, f64) -> bool) -> f64 {
    scores.iter().fold(start, |best, score| {
        if best.is_nan() {
            best
        } else if score.is_nan() || better(*score, best) {
            *score
        } else {
            best
        }
    })
}

fn positive_mean(scores: &[f64]) -> f64 {
    let mut sum = 0.0;
    let mut count = 0u32;
    for score in scores.iter().filter(|score| **score > 0.0) {
        sum += score;
        count += 1;
    }
    if count == 0 {
        0.0
    } else {
        sum / f64::from(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Aggregator; 5] = [
        Aggregator::Max,
        Aggregator::Min,
        Aggregator::Sum,
        Aggregator::Mean,
        Aggregator::PositiveMean,
    ];

    #[test]
    fn each_has_its_formula() {
        let expected = [25.0, 0.0, 45.0, 11.25, 15.0];
        for (aggregator, total) in ALL.into_iter().zip(expected) {
            let scores = [5.0, 15.0, 0.0, 25.0];
            assert_eq!(aggregator.aggregate(&scores, true), total, "{aggregator:?}");
        }
    }

    #[test]
    fn nothing_fired_is_zero() {
        for aggregator in ALL {
            assert_eq!(aggregator.aggregate(&[], true), 0.0);
            assert_eq!(aggregator.aggregate(&[0.0], true), 0.0);
        }
    }

    #[test]
    fn one_negative_trumps_unless_switched_off() {
        let expected = [10.0, -5.0, 8.0, 8.0 / 3.0, 6.5];
        for (aggregator, total) in ALL.into_iter().zip(expected) {
            let scores = [10.0, -5.0, 3.0];
            assert_eq!(aggregator.aggregate(&scores, true), f64::NEG_INFINITY);
            assert_eq!(
                aggregator.aggregate(&scores, false),
                total,
                "{aggregator:?}"
            );
        }
        assert_eq!(Aggregator::Max.aggregate(&[-5.0], false), 0.0);
    }

    #[test]
    fn not_a_number_is_not_lost() {
        assert!(Aggregator::Max.aggregate(&[1.0, f64::NAN], true).is_nan());
        assert!(Aggregator::Min.aggregate(&[f64::NAN, 1.0], true).is_nan());
    }

    #[test]
    fn names_are_upstreams() {
        let names: Vec<String> = ALL
            .iter()
            .map(|aggregator| serde_json::to_string(aggregator).unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "\"MAX\"",
                "\"MIN\"",
                "\"SUM\"",
                "\"MEAN\"",
                "\"POSITIVE_MEAN\""
            ]
        );
    }
}
