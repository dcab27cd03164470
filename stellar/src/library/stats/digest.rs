/// A t-digest: how values are distributed, in bounded memory. Near the ends it is exact, in the middle it joins values.
#[derive(Debug, Clone, Default)]
pub(super) struct Digest {
    /// Means with the number of values that they stand for, ascending.
    centroids: Vec<(f64, f64)>,
    count: f64,
}

const COMPRESSION: f64 = 150.0;
/// From this number of centroids on, they are joined anew.
const MAX_CENTROIDS: usize = 1_000;

impl Digest {
    pub fn add(&mut self, value: f64, weight: f64) {
        let after = self.centroids.partition_point(|(mean, _)| *mean < value);
        let nearest = [after.checked_sub(1), Some(after)]
            .into_iter()
            .flatten()
            .filter(|at| *at < self.centroids.len())
            .min_by(|a, b| {
                let distance = |at: usize| (self.centroids[at].0 - value).abs();
                distance(*a).total_cmp(&distance(*b))
            });
        // While there are few values, no two of them are joined.
        let may_join = self.count + weight >= COMPRESSION / 4.0;
        if let Some(at) = nearest.filter(|_| may_join)
            && self.takes(at, weight)
        {
            let (mean, count) = &mut self.centroids[at];
            *count += weight;
            *mean += weight * (value - *mean) / *count;
        } else {
            self.centroids.insert(after, (value, weight));
        }
        self.count += weight;
        if self.centroids.len() > MAX_CENTROIDS {
            self.compress();
        }
    }

    /// Whether a centroid may take more values, given where it stands.
    fn takes(&self, at: usize, weight: f64) -> bool {
        let before: f64 = self.centroids.iter().take(at).map(|(_, count)| count).sum();
        let count = self.centroids[at].1;
        let q = match self.count {
            1.0 => 0.5,
            total => (before + (count - 1.0) / 2.0) / (total - 1.0),
        };
        count + weight <= 4.0 * self.count * q * (1.0 - q) / COMPRESSION
    }

    fn compress(&mut self) {
        let centroids = std::mem::take(&mut self.centroids);
        let total = self.count;
        let mut before = 0.0;
        for (mean, count) in centroids {
            if let Some((last_mean, last_count)) = self.centroids.last_mut() {
                let q = (before - *last_count / 2.0) / total;
                if *last_count + count <= 8.0 * total * q * (1.0 - q) / COMPRESSION {
                    *last_count += count;
                    *last_mean += count * (mean - *last_mean) / *last_count;
                    before += count;
                    continue;
                }
            }
            self.centroids.push((mean, count));
            before += count;
        }
        // Values that the rule kept apart although there are too many of them.
        if self.centroids.len() > MAX_CENTROIDS {
            let halves = std::mem::take(&mut self.centroids);
            self.centroids = halves.chunks(2).map(joined).collect();
        }
    }

    pub fn merge(&mut self, other: &Digest) {
        for (mean, count) in &other.centroids {
            self.add(*mean, *count);
        }
    }

    /// The value below which a share `q` of the values lies; NaN when there are none.
    pub fn quantile(&self, q: f64) -> f64 {
        let (Some(first), Some(last)) = (self.centroids.first(), self.centroids.last()) else {
            return f64::NAN;
        };
        if self.centroids.len() == 1 {
            return first.0;
        }
        let index = q * (self.count - 1.0);
        let mut total = 0.0;
        let mut previous: Option<(f64, f64)> = None;
        for (at, (mean, count)) in self.centroids.iter().enumerate() {
            let here = total + (count - 1.0) / 2.0;
            if here >= index {
                let (place, value) = match previous {
                    Some(previous) => previous,
                    None if here == 0.0 => return *mean,
                    None => {
                        // Before the first centroid values are taken to grow as they do after it.
                        let (next, next_count) =
                            self.centroids.get(at + 1).copied().unwrap_or(*last);
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
        let before = self
            .centroids
            .get(self.centroids.len() - 2)
            .copied()
            .unwrap_or(*first);
        let before_place = total - last.1 - (before.1 + 1.0) / 2.0;
        let end = self.count - 1.0;
        let end_mean =
            (mean * (end - before_place) - before.0 * (end - place)) / (place - before_place);
        between(place, index, end, mean, end_mean)
    }
}

fn joined(pair: &[(f64, f64)]) -> (f64, f64) {
    let count: f64 = pair.iter().map(|(_, count)| count).sum();
    let sum: f64 = pair.iter().map(|(mean, count)| mean * count).sum();
    (sum / count, count)
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
        assert!(digest.centroids.len() <= MAX_CENTROIDS);
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
