//! Decimal digits of doubles, rounded half up as Java's formatter does.

/// The shortest digits that name a finite number, without sign, and the power of ten of the first one.
pub(super) struct Decimal {
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    pub fn of(number: f64) -> Self {
        Decimal::parse(&format!("{:e}", number.abs()))
    }

    pub fn of_float(number: f32) -> Self {
        Decimal::parse(&format!("{:e}", number.abs()))
    }

    fn parse(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        Decimal {
            digits: mantissa
                .bytes()
                .filter(u8::is_ascii_digit)
                .map(|byte| byte - b'0')
                .collect(),
            exponent: exponent.parse().unwrap_or(0),
        }
    }

    pub fn is_zero(&self) -> bool {
        self.digits.iter().all(|digit| *digit == 0)
    }

    /// The power of ten of the first digit.
    pub fn exponent(&self) -> i32 {
        self.exponent
    }

    /// Rounds half up to a number of digits, which may be 0 or negative: then what is left is 1 or nothing.
    pub fn round_to(&mut self, keep: i64) {
        let Ok(keep) = usize::try_from(keep) else {
            self.digits = vec![0];
            self.exponent = 0;
            return;
        };
        if keep >= self.digits.len() {
            return;
        }
        let up = self.digits[keep] >= 5;
        self.digits.truncate(keep);
        if up {
            self.increment();
        } else if keep == 0 {
            self.digits = vec![0];
            self.exponent = 0;
        }
    }

    fn increment(&mut self) {
        for digit in self.digits.iter_mut().rev() {
            if *digit < 9 {
                *digit += 1;
                return;
            }
            *digit = 0;
        }
        self.digits.insert(0, 1);
        self.exponent += 1;
    }

    fn digit(&self, power: i64) -> char {
        let at = i64::from(self.exponent) - power;
        let digit = usize::try_from(at).ok().and_then(|at| self.digits.get(at));
        char::from(b'0' + digit.copied().unwrap_or(0))
    }

    /// `123.450` with the given number of decimals.
    pub fn fixed(mut self, decimals: usize) -> String {
        self.round_to(i64::from(self.exponent) + 1 + decimals as i64);
        let first = i64::from(self.exponent).max(0);
        let mut out: String = (0..=first).rev().map(|power| self.digit(power)).collect();
        if decimals > 0 {
            out.push('.');
            out.extend((1..=decimals).map(|place| self.digit(-(place as i64))));
        }
        out
    }

    /// `1.2345e+02` with the given number of decimals.
    pub fn scientific(mut self, decimals: usize) -> String {
        self.round_to(1 + decimals as i64);
        let exponent = if self.is_zero() { 0 } else { self.exponent };
        let top = i64::from(self.exponent);
        let mut out = String::from(self.digit(top));
        if decimals > 0 {
            out.push('.');
            out.extend((1..=decimals).map(|place| self.digit(top - place as i64)));
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", exponent.unsigned_abs()));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_up_by_their_digits() {
        for (number, decimals, expected) in [
            (0.125, 2, "0.13"),
            (1.005, 2, "1.01"),
            (9.999, 2, "10.00"),
            (0.4, 0, "0"),
            (0.5, 0, "1"),
            (0.04, 0, "0"),
            (0.0004, 1, "0.0"),
            (0.06, 1, "0.1"),
            (123.0, 1, "123.0"),
            (1e21, 0, "1000000000000000000000"),
            (0.0, 2, "0.00"),
        ] {
            assert_eq!(Decimal::of(number).fixed(decimals), expected, "{number}");
        }
        assert_eq!(Decimal::of(12.5).scientific(3), "1.250e+01");
        assert_eq!(Decimal::of(0.0).scientific(1), "0.0e+00");
        assert_eq!(Decimal::of(9.99e-7).scientific(1), "1.0e-06");
    }
}
