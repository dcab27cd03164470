//! Statistics and sketches.

mod bloom;
mod bloom_functions;
mod digest;
mod hyper_log_log;
mod hyper_log_log_functions;
mod numbers;
mod outlier;
mod reservoir;
mod sample_functions;
mod statistics;
mod stats_functions;
mod stats_readers;
mod value_bytes;
mod window;

pub(super) use statistics::Statistics;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    bloom_functions::BLOOM_ADD,
    bloom_functions::BLOOM_EXISTS,
    bloom_functions::BLOOM_INIT,
    bloom_functions::BLOOM_MERGE,
    hyper_log_log_functions::HLLP_ADD,
    hyper_log_log_functions::HLLP_CARDINALITY,
    hyper_log_log_functions::HLLP_INIT,
    hyper_log_log_functions::HLLP_MERGE,
    outlier::OUTLIER_MAD_ADD,
    outlier::OUTLIER_MAD_SCORE,
    outlier::OUTLIER_MAD_STATE_MERGE,
    sample_functions::SAMPLE_ADD,
    sample_functions::SAMPLE_GET,
    sample_functions::SAMPLE_INIT,
    sample_functions::SAMPLE_MERGE,
    stats_functions::STATS_ADD,
    stats_functions::STATS_BIN,
    stats_functions::STATS_INIT,
    stats_functions::STATS_MERGE,
    stats_functions::STATS_PERCENTILE,
    stats_readers::STATS_COUNT,
    stats_readers::STATS_GEOMETRIC_MEAN,
    stats_readers::STATS_KURTOSIS,
    stats_readers::STATS_MAX,
    stats_readers::STATS_MEAN,
    stats_readers::STATS_MIN,
    stats_readers::STATS_POPULATION_VARIANCE,
    stats_readers::STATS_QUADRATIC_MEAN,
    stats_readers::STATS_SD,
    stats_readers::STATS_SKEWNESS,
    stats_readers::STATS_SUM,
    stats_readers::STATS_SUM_LOGS,
    stats_readers::STATS_SUM_SQUARES,
    stats_readers::STATS_VARIANCE,
];
