use super::statistics::Statistics;
use super::stats_functions::statistics;
use crate::library::prelude::*;

const STATS: Parameter = required(
    "stats",
    "Statistics of STATS_INIT, STATS_ADD or STATS_MERGE.",
)
.of(Types::OBJECT)
.null_gives("NaN");

/// One parameter, a double as the value: what all of these have in common.
macro_rules! reader {
    ($name:ident, $description:literal, $code:expr, $examples:expr) => {
        pub(super) const $name: Function = Function::new(
            stringify!($name),
            $description,
            &[STATS],
            "a decimal number of 64 bits; NaN for null",
            |call| read(call, $code),
        )
        .gives(Types::DECIMAL)
        .examples($examples);
    };
}

reader!(
    STATS_COUNT,
    "The number of values.",
    Statistics::count,
    &[("STATS_COUNT(STATS_ADD(null, 1, 2))", "2.0")]
);
reader!(
    STATS_SUM,
    "The sum of the values.",
    Statistics::sum,
    &[("STATS_SUM(STATS_ADD(null, 1, 2))", "3.0")]
);
reader!(
    STATS_MIN,
    "The least value.",
    Statistics::min,
    &[("STATS_MIN(STATS_ADD(null, 3, 1, 2))", "1.0")]
);
reader!(
    STATS_MAX,
    "The greatest value.",
    Statistics::max,
    &[("STATS_MAX(STATS_ADD(null, 3, 1, 2))", "3.0")]
);
reader!(
    STATS_MEAN,
    "The arithmetic mean.",
    Statistics::mean,
    &[
        ("STATS_MEAN(STATS_ADD(null, 1, 2))", "1.5"),
        ("STATS_MEAN(null)", "null")
    ]
);
reader!(
    STATS_GEOMETRIC_MEAN,
    "The geometric mean.",
    Statistics::geometric_mean,
    &[(
        "STATS_GEOMETRIC_MEAN(STATS_ADD(STATS_INIT(5), 1, 1))",
        "1.0"
    )]
);
reader!(
    STATS_QUADRATIC_MEAN,
    "The root of the mean of the squares.",
    Statistics::quadratic_mean,
    &[("STATS_QUADRATIC_MEAN(STATS_ADD(null, 1, 1))", "1.0")]
);
reader!(
    STATS_VARIANCE,
    "The variance of a sample.",
    Statistics::variance,
    &[("STATS_VARIANCE(STATS_ADD(null, 2.5, -2.5, 0))", "6.25")]
);
reader!(
    STATS_POPULATION_VARIANCE,
    "The variance of a whole population.",
    Statistics::population_variance,
    &[(
        "STATS_POPULATION_VARIANCE(STATS_ADD(STATS_INIT(5), 1, 3))",
        "1.0"
    )]
);
reader!(
    STATS_SD,
    "The standard deviation of a sample.",
    Statistics::deviation,
    &[("STATS_SD(STATS_ADD(null, 1, 1, 1))", "0.0")]
);
reader!(
    STATS_SUM_LOGS,
    "The sum of the natural logarithms.",
    Statistics::sum_of_logs,
    &[("STATS_SUM_LOGS(STATS_ADD(null, 1, 1))", "0.0")]
);
reader!(
    STATS_SUM_SQUARES,
    "The sum of the squares.",
    Statistics::sum_of_squares,
    &[("STATS_SUM_SQUARES(STATS_ADD(null, 1, 2))", "5.0")]
);
reader!(
    STATS_KURTOSIS,
    "How much weight lies in the tails, compared with a normal distribution.",
    Statistics::kurtosis,
    &[("STATS_KURTOSIS(STATS_ADD(null, 1, 2, 3))", "null")]
);
reader!(
    STATS_SKEWNESS,
    "How much the distribution leans to one side.",
    Statistics::skewness,
    &[("STATS_SKEWNESS(STATS_ADD(null, 1, 2, 3))", "0.0")]
);

fn read(call: &mut Call, reader: fn(&Statistics) -> f64) -> Outcome {
    Ok(Value::Double(statistics(call, 0)?.map_or(f64::NAN, reader)))
}
