use std::any::Any;

use alidade_event::{Object, Value};

use super::digest::Digest;
use super::window::Window;

/// Numbers that have gone by: all of them in constant memory, or the latest ones exactly.
#[derive(Debug, Clone)]
pub(crate) enum Statistics {
    Online(Box<Online>),
    Window(Window),
}

/// Running moments of all values.
#[derive(Debug, Clone)]
pub(crate) struct Online {
    count: f64,
    sum: f64,
    sum_of_squares: f64,
    sum_of_logs: f64,
    min: f64,
    max: f64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    digest: Digest,
}

impl Default for Online {
    fn default() -> Self {
        Online {
            count: 0.0,
            sum: 0.0,
            sum_of_squares: 0.0,
            sum_of_logs: 0.0,
            min: f64::NAN,
            max: f64::NAN,
            mean: 0.0,
            second: 0.0,
            third: 0.0,
            fourth: 0.0,
            digest: Digest::default(),
        }
    }
}

impl Online {
    /// Knuth's running moments.
    fn add(&mut self, value: f64) {
        let before = self.count;
        self.count += 1.0;
        let n = self.count;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.sum_of_logs += value.ln();
        self.sum_of_squares += value * value;
        self.digest.add(value, 1.0);
        let delta = value - self.mean;
        let share = delta / n;
        let share_squared = share * share;
        let term = delta * share * before;
        self.mean += share;
        self.fourth += term * share_squared * (n * n - 3.0 * n + 3.0)
            + 6.0 * share_squared * self.second
            - 4.0 * share * self.third;
        self.third += term * share * (n - 2.0) - 3.0 * share * self.second;
        self.second += term;
    }

    fn merge(&mut self, other: &Online) {
        if other.count == 0.0 {
            return;
        }
        if self.count == 0.0 {
            *self = other.clone();
            return;
        }
        let (a, b) = (self.count, other.count);
        let n = a + b;
        let delta = other.mean - self.mean;
        let (delta2, delta3, delta4) = (delta * delta, delta.powi(3), delta.powi(4));
        let mean = (a * self.mean + b * other.mean) / n;
        let second = self.second + other.second + delta2 * a * b / n;
        let third = self.third
            + other.third
            + delta3 * a * b * (a - b) / (n * n)
            + 3.0 * delta * (a * other.second - b * self.second) / n;
        let fourth = self.fourth
            + other.fourth
            + delta4 * a * b * (a * a - a * b + b * b) / (n * n * n)
            + 6.0 * delta2 * (a * a * other.second + b * b * self.second) / (n * n)
            + 4.0 * delta * (a * other.third - b * self.third) / n;
        self.count = n;
        self.sum += other.sum;
        self.sum_of_squares += other.sum_of_squares;
        self.sum_of_logs += other.sum_of_logs;
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        (self.mean, self.second, self.third, self.fourth) = (mean, second, third, fourth);
        self.digest.merge(&other.digest);
    }

    fn check_range(&self) -> Result<(), &'static str> {
        if !self.sum_of_squares.is_finite() || !self.fourth.is_finite() {
            return Err("the values are too large for statistics");
        }
        if self.sum_of_squares == 0.0 && self.sum > 0.0 {
            return Err("the values are too small for statistics");
        }
        Ok(())
    }

    fn variance(&self) -> f64 {
        self.second / (self.count - 1.0)
    }

    fn skewness(&self) -> f64 {
        let n = self.count;
        if n < 3.0 {
            return f64::NAN;
        }
        let deviation = self.variance().sqrt();
        n / ((n - 1.0) * (n - 2.0)) * self.third / deviation.powi(3)
    }

    fn kurtosis(&self) -> f64 {
        let n = self.count;
        if n < 4.0 {
            return f64::NAN;
        }
        let first = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0));
        let second = 3.0 * (n - 1.0).powi(2) / ((n - 2.0) * (n - 3.0));
        first * self.fourth / self.variance().powi(2) - second
    }
}

impl Default for Statistics {
    fn default() -> Self {
        Statistics::Online(Box::default())
    }
}

impl Object for Statistics {
    fn type_name(&self) -> &'static str {
        match self {
            Statistics::Online(_) => "OnlineStatisticsProvider",
            Statistics::Window(_) => "WindowedStatisticsProvider",
        }
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl Statistics {
    pub fn of(value: &Value) -> Option<&Statistics> {
        match value {
            Value::Object(object) => object.as_any().downcast_ref(),
            _ => None,
        }
    }

    pub fn windowed(size: usize) -> Self {
        Statistics::Window(Window::new(size))
    }

    /// Adds a value.
    ///
    /// # Errors
    /// Without a window: when the value is NaN, or its powers are out of range.
    pub fn add(&mut self, value: f64) -> Result<(), &'static str> {
        match self {
            Statistics::Window(window) => {
                window.add(value);
                Ok(())
            }
            Statistics::Online(_) if value.is_nan() => Err("NaN cannot be added to statistics"),
            Statistics::Online(online) => {
                online.add(value);
                online.check_range()
            }
        }
    }

    /// # Errors
    /// As [`Statistics::add`].
    pub fn add_all(&mut self, values: &[f64]) -> Result<(), &'static str> {
        values.iter().try_for_each(|value| self.add(*value))
    }

    /// # Errors
    /// When either has a window: then the order of the values is not known. When the powers of the values are out of range.
    pub fn merge(&mut self, other: &Statistics) -> Result<(), &'static str> {
        match (self, other) {
            (Statistics::Online(this), Statistics::Online(other)) => {
                this.merge(other);
                this.check_range()
            }
            _ => Err("statistics with a window cannot be merged"),
        }
    }

    pub fn count(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.count,
            Statistics::Window(window) => window.count(),
        }
    }

    pub fn sum(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.sum,
            Statistics::Window(window) => window.sum(),
        }
    }

    pub fn min(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.min,
            Statistics::Window(window) => window.min(),
        }
    }

    pub fn max(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.max,
            Statistics::Window(window) => window.max(),
        }
    }

    pub fn mean(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.sum / online.count,
            Statistics::Window(window) => window.mean(),
        }
    }

    pub fn variance(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.variance(),
            Statistics::Window(window) => window.variance(),
        }
    }

    pub fn deviation(&self) -> f64 {
        self.variance().sqrt()
    }

    pub fn population_variance(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.second / online.count,
            Statistics::Window(window) => window.population_variance(),
        }
    }

    pub fn geometric_mean(&self) -> f64 {
        match self {
            Statistics::Online(online) => (online.sum_of_logs / online.count).exp(),
            Statistics::Window(window) => window.geometric_mean(),
        }
    }

    pub fn quadratic_mean(&self) -> f64 {
        (self.sum_of_squares() / self.count()).sqrt()
    }

    pub fn sum_of_squares(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.sum_of_squares,
            Statistics::Window(window) => window.sum_of_squares(),
        }
    }

    pub fn sum_of_logs(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.sum_of_logs,
            Statistics::Window(window) => window.sum_of_logs(),
        }
    }

    pub fn skewness(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.skewness(),
            Statistics::Window(window) => window.skewness(),
        }
    }

    pub fn kurtosis(&self) -> f64 {
        match self {
            Statistics::Online(online) => online.kurtosis(),
            Statistics::Window(window) => window.kurtosis(),
        }
    }

    /// # Errors
    /// When the percentage is out of its range.
    pub fn percentile(&self, percent: f64) -> Result<f64, &'static str> {
        match self {
            Statistics::Online(online) if (0.0..=100.0).contains(&percent) => {
                Ok(online.digest.quantile(percent / 100.0))
            }
            Statistics::Window(window) if percent > 0.0 && percent <= 100.0 => {
                Ok(window.percentile(percent))
            }
            _ => Err("the percentage must lie between 0 and 100"),
        }
    }
}
