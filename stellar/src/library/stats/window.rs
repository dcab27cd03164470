use std::collections::VecDeque;

/// The latest values, exactly.
#[derive(Debug, Clone)]
pub(crate) struct Window {
    values: VecDeque<f64>,
    size: usize,
}

impl Window {
    pub fn new(size: usize) -> Self {
        Window {
            values: VecDeque::new(),
            size,
        }
    }

    pub fn add(&mut self, value: f64) {
        if self.values.len() >= self.size {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    fn n(&self) -> f64 {
        self.values.len() as f64
    }

    pub fn count(&self) -> f64 {
        self.n()
    }

    pub fn sum(&self) -> f64 {
        total(self.values.iter().copied())
    }

    pub fn min(&self) -> f64 {
        self.values
            .iter()
            .copied()
            .reduce(f64::min)
            .unwrap_or(f64::NAN)
    }

    pub fn max(&self) -> f64 {
        self.values
            .iter()
            .copied()
            .reduce(f64::max)
            .unwrap_or(f64::NAN)
    }

    /// In two passes, the second of which corrects the rounding of the first.
    pub fn mean(&self) -> f64 {
        let rough = self.sum() / self.n();
        let correction: f64 = total(self.values.iter().map(|value| value - rough));
        rough + correction / self.n()
    }

    fn squared_deviations(&self) -> f64 {
        let mean = self.mean();
        let squares: f64 = total(
            self.values
                .iter()
                .map(|value| (value - mean) * (value - mean)),
        );
        let rest: f64 = total(self.values.iter().map(|value| value - mean));
        squares - rest * rest / self.n()
    }

    pub fn variance(&self) -> f64 {
        match self.values.len() {
            0 => f64::NAN,
            1 => 0.0,
            _ => self.squared_deviations() / (self.n() - 1.0),
        }
    }

    pub fn population_variance(&self) -> f64 {
        match self.values.len() {
            0 => f64::NAN,
            1 => 0.0,
            _ => self.squared_deviations() / self.n(),
        }
    }

    pub fn geometric_mean(&self) -> f64 {
        (total(self.values.iter().map(|value| value.ln())) / self.n()).exp()
    }

    pub fn sum_of_squares(&self) -> f64 {
        total(self.values.iter().map(|value| value * value))
    }

    pub fn sum_of_logs(&self) -> f64 {
        total(self.values.iter().map(|value| value.ln()))
    }

    pub fn skewness(&self) -> f64 {
        if self.values.len() < 3 {
            return f64::NAN;
        }
        let (n, mean) = (self.n(), self.mean());
        let variance = self.variance();
        let cubes: f64 = total(self.values.iter().map(|value| (value - mean).powi(3)));
        n / ((n - 1.0) * (n - 2.0)) * (cubes / (variance * variance.sqrt()))
    }

    pub fn kurtosis(&self) -> f64 {
        if self.values.len() < 4 {
            return f64::NAN;
        }
        let n = self.n();
        // Value by value, in the order in which upstream's library does it.
        let (mut mean, mut squares, mut seen) = (0.0, 0.0, 0.0);
        for value in &self.values {
            seen += 1.0;
            let deviation: f64 = value - mean;
            let share = deviation / seen;
            mean += share;
            squares += (seen - 1.0) * deviation * share;
        }
        let deviation = (squares / (n - 1.0)).sqrt();
        let fourths: f64 = total(self.values.iter().map(|value| (value - mean).powi(4)));
        let first = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
        let second = 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0));
        first * (fourths / deviation.powi(4)) - second
    }

    /// The value below which a percentage of the values lies, between the two nearest ones.
    pub fn percentile(&self, percent: f64) -> f64 {
        let mut sorted: Vec<f64> = self
            .values
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        sorted.sort_by(f64::total_cmp);
        let (Some(first), Some(last)) = (sorted.first(), sorted.last()) else {
            return f64::NAN;
        };
        let count = sorted.len() as f64;
        let place = percent * (count + 1.0) / 100.0;
        if place < 1.0 {
            return *first;
        }
        if place >= count {
            return *last;
        }
        let lower = place.floor();
        let at = lower as usize;
        let (below, above) = (sorted[at - 1], sorted.get(at).copied().unwrap_or(*last));
        below + (place - lower) * (above - below)
    }
}

/// The sum, which is 0.0 of no values and of negative zeros, unlike that of Rust.
fn total(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |sum, value| sum + value)
}
