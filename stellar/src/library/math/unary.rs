use crate::library::prelude::*;

const NUMBER: Parameter = optional("number", "The number.")
    .of(Types::NUMBER)
    .null_gives("NaN");

/// One parameter, a double as the value: what all of these have in common.
macro_rules! unary {
    ($name:ident, $description:literal, $code:expr, $examples:expr) => {
        pub(super) const $name: Function = Function::new(
            stringify!($name),
            $description,
            &[NUMBER],
            "a decimal number of 64 bits",
            |call| of_number(call, $code),
        )
        .gives(Types::DECIMAL)
        .examples($examples);
    };
}

unary!(
    ABS,
    "The magnitude of a number.",
    f64::abs,
    &[("ABS(-5)", "5.0"), ("ABS(null)", "null")]
);
unary!(
    CEILING,
    "The least whole number that is not below.",
    f64::ceil,
    &[("CEILING(2.1)", "3.0")]
);
unary!(
    COS,
    "The cosine of an angle in radians.",
    libm::cos,
    &[("COS(0)", "1.0")]
);
unary!(
    EXP,
    "e to the power of a number.",
    f64::exp,
    &[("EXP(0)", "1.0")]
);
unary!(
    FLOOR,
    "The greatest whole number that is not above.",
    f64::floor,
    &[("FLOOR(-0.5)", "-1.0")]
);
unary!(LN, "The natural logarithm.", f64::ln, &[("LN(1)", "0.0")]);
unary!(
    LOG10,
    "The logarithm to the base 10.",
    f64::log10,
    &[("LOG10(1000)", "3.0")]
);
unary!(
    LOG2,
    "The logarithm to the base 2.",
    |number| number.ln() / 2f64.ln(),
    &[("LOG2(8)", "3.0")]
);
unary!(
    ROUND,
    "The nearest whole number; of two, the greater.",
    round,
    &[("ROUND(2.5)", "3.0"), ("ROUND(-1.5)", "-1.0")]
);
unary!(
    SIN,
    "The sine of an angle in radians.",
    libm::sin,
    &[("SIN(0)", "0.0")]
);
unary!(
    SQRT,
    "The square root.",
    f64::sqrt,
    &[("SQRT(16)", "4.0"), ("SQRT(-1)", "null")]
);
unary!(
    TAN,
    "The tangent of an angle in radians.",
    f64::tan,
    &[("TAN(0)", "0.0")]
);

fn of_number(call: &mut Call, code: fn(f64) -> f64) -> Outcome {
    let number = call.number_or_null(0)?;
    Ok(Value::Double(number.map_or(f64::NAN, code)))
}

/// As Java's `Math.round`: in 64 bits, halves go up.
fn round(number: f64) -> f64 {
    if number.is_nan() {
        return number;
    }
    let floor = number.floor();
    let rounded = if number - floor >= 0.5 {
        floor + 1.0
    } else {
        floor
    };
    // Through a whole number, which clamps and takes away the sign of a zero.
    (rounded as i64) as f64
}

#[cfg(test)]
mod tests {
    use super::round;

    #[test]
    fn rounding_clamps_and_keeps_nan() {
        assert_eq!(round(0.499_999_999_999_999_94), 0.0);
        assert_eq!(round(1e300), i64::MAX as f64);
        assert!(round(f64::NAN).is_nan());
        assert!(round(-0.5).is_sign_positive());
    }
}
