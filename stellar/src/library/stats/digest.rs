/// A t-digest: how values are distributed, in bounded memory. Near the ends it is exact, in the middle it joins values.
#[derive(Debug, Clone, Default)]
pub(super) struct Digest {
    /// Ascending.
    means: Vec<f64>,
    /// The number of values that each mean stands for. Numbers of their own, and not pairs, so that they are summed up fast.
    counts: Vec<f64>,
    count: f64,
}

const COMPRESSION: f64 = 150.0;
/// From this number of centroids on, they are joined anew.
const MAX_CENTROIDS: usize = 1_000;

impl Digest {
    pub fn add(&mut self, value: f64, weight: f64) {
        let after = self.means.partition_point(|mean| *mean < value);
        let nearest = match (after.checked_sub(1), self.means.get(after)) {
            (None, None) => None,
            (None, Some(_)) => Some(after),
            (Some(before), None) => Some(before),
            (Some(before), Some(mean)) => {
                let is_nearer = (mean - value).abs() < (self.means[before] - value).abs();
                Some(if is_nearer { after } else { before })
            }
        };
        // While there are few values, no two of them are joined.
        let may_join = self.count + weight >= COMPRESSION / 4.0;
        match nearest {
            Some(at) if may_join && self.takes(at, weight) => {
                let (mean, count) = (&mut self.means[at], &mut self.counts[at]);
                *count += weight;
                *mean += weight * (value - *mean) / *count;
            }
            _ => {
                self.means.insert(after, value);
                self.counts.insert(after, weight);
            }
        }
        self.count += weight;
        if self.means.len() > MAX_CENTROIDS {
            self.compress();
        }
    }

    /// Whether a centroid may take more values, given where it stands.
    fn takes(&self, at: usize, weight: f64) -> bool {
        let count = self.counts[at];
        // Not even in the middle: the same answer as below without looking where it stands.
        if count + weight > self.count / COMPRESSION {
            return false;
        }
        let before = total(&self.counts[..at]);
        let q = match self.count {
            1.0 => 0.5,
            total => (before + (count - 1.0) / 2.0) / (total - 1.0),
        };
        count + weight <= 4.0 * self.count * q * (1.0 - q) / COMPRESSION
    }

    fn compress(&mut self) {
        let means = std::mem::take(&mut self.means);
        let counts = std::mem::take(&mut self.counts);
        let all = self.count;
        let mut before = 0.0;
        for (mean, count) in means.into_iter().zip(counts) {
            if let (Some(last_mean), Some(last_count)) =
                (self.means.last_mut(), self.counts.last_mut())
            {
                let q = (before - *last_count / 2.0) / all;
                if *last_count + count <= 8.0 * all * q * (1.0 - q) / COMPRESSION {
                    *last_count += count;
                    *last_mean += count * (mean - *last_mean) / *last_count;
                    before += count;
                    continue;
                }
            }
            self.means.push(mean);
            self.counts.push(count);
            before += count;
        }
        // Values that the rule kept apart although there are too many of them.
        if self.means.len() > MAX_CENTROIDS {
            self.join_pairs();
        }
    }

    fn join_pairs(&mut self) {
        let means = std::mem::take(&mut self.means);
        let counts = std::mem::take(&mut self.counts);
        for (means, counts) in means.chunks(2).zip(counts.chunks(2)) {
            let count = total(counts);
            let sum: f64 = means
                .iter()
                .zip(counts)
                .map(|(mean, count)| mean * count)
                .sum();
            self.means.push(sum / count);
            self.counts.push(count);
        }
    }

    pub fn merge(&mut self, other: &Digest) {
        for (mean, count) in other.means.iter().zip(&other.counts) {
            self.add(*mean, *count);
        }
    }

    /// The value below which a share `q` of the values lies; NaN when there are none.
    pub fn quantile(&self, q: f64) -> f64 {
        let centroid = |at: usize| Some((*self.means.get(at)?, *self.counts.get(at)?));
        let end = self.means.len();
        let (Some(first), Some(last)) = (centroid(0), centroid(end.wrapping_sub(1))) else {
            return f64::NAN;
        };
        if end == 1 {
            return first.0;
        }
        let index = q * (self.count - 1.0);
        let mut total = 0.0;
        let mut previous: Option<(f64, f64)> = None;
        for (at, (mean, count)) in self.means.iter().zip(&self.counts).enumerate() {
            let here = total + (count - 1.0) / 2.0;
            if here >= index {
                let (place, value) = match previous {
                    Some(previous) => previous,
                    None if here == 0.0 => return *mean,
                    None => {
                        // Before the first centroid values are taken to grow as they do after it.
                        let (next, next_count) = centroid(at + 1).unwrap_or(last);
                        let next_place = total + count + (next_count - 1.0) / 2.0;
                        (0.0, (next_place * mean - here * next) / (next_place - here))
                    }
                };
                return between(place, index, here, value, *mean);
            }
            total += count;
            previous = Some((here, *mean));
        }
        let Some((place, mean)) = previous else {
            return last.0;
        };
        let before = centroid(end - 2).unwrap_or(first);
        let before_place = total - last.1 - (before.1 + 1.0) / 2.0;
        let end = self.count - 1.0;
        let end_mean =
            (mean * (end - before_place) - before.0 * (end - place)) / (place - before_place);
        between(place, index, end, mean, end_mean)
    }
}

/// The sum of whole numbers, which is exact in whatever order: several sums at once do not wait for one another.
fn total(counts: &[f64]) -> f64 {
    let mut sums = [0.0; 8];
    let chunks = counts.chunks_exact(sums.len());
    let rest: f64 = chunks.remainder().iter().sum();
    for chunk in chunks {
        for (sum, count) in sums.iter_mut().zip(chunk) {
            *sum += count;
        }
    }
    sums.iter().sum::<f64>() + rest
}

fn between(from: f64, index: f64, to: f64, from_value: f64, to_value: f64) -> f64 {
    let width = to - from;
    if width <= 0.0 {
        return to_value;
    }
    let before = (to - index) / width;
    let after = (index - from) / width;
    from_value * before + to_value * after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_many_values_are_near() {
        let mut digest = Digest::default();
        for i in 0..20_000u32 {
            digest.add(f64::from(i.wrapping_mul(7_919) % 20_000), 1.0);
        }
        assert!(digest.means.len() <= MAX_CENTROIDS);
        for share in [0.01, 0.25, 0.5, 0.9, 0.99] {
            let expected = share * 19_999.0;
            let found = digest.quantile(share);
            assert!((found - expected).abs() < 100.0, "{share}: {found}");
        }
    }

    #[test]
    fn few_values_are_kept_apart() {
        let mut digest = Digest::default();
        for value in [1.0, 2.0, 3.0, 4.0, 5.0] {
            digest.add(value, 1.0);
        }
        assert_eq!(digest.quantile(0.95), 4.8);
        assert_eq!(digest.quantile(0.5), 3.0);
        assert_eq!(digest.quantile(0.0), 1.0);
        assert_eq!(digest.quantile(1.0), 5.0);
    }
}
