//! Functions on text.

mod affix;
mod affix_if_missing;
mod case;
mod chomp;
mod chop;
mod count_matches;
mod decimal;
mod entropy;
mod fill;
mod format;
mod fuzzy;
mod join;
mod length;
mod split;
mod substring;
mod to_json;
mod to_string;
mod trim;
mod units;

pub(super) use entropy::entropy;

use super::function::Function;

pub(super) const FUNCTIONS: &[Function] = &[
    affix::STARTS_WITH,
    affix::ENDS_WITH,
    affix_if_missing::PREPEND_IF_MISSING,
    affix_if_missing::APPEND_IF_MISSING,
    case::TO_LOWER,
    case::TO_UPPER,
    chomp::CHOMP,
    chop::CHOP,
    count_matches::COUNT_MATCHES,
    entropy::STRING_ENTROPY,
    fill::FILL_LEFT,
    fill::FILL_RIGHT,
    format::FORMAT,
    fuzzy::FUZZY_LANGS,
    fuzzy::FUZZY_SCORE,
    join::JOIN,
    length::IS_EMPTY,
    length::LENGTH,
    split::SPLIT,
    substring::SUBSTRING,
    to_json::TO_JSON_LIST,
    to_json::TO_JSON_MAP,
    to_json::TO_JSON_OBJECT,
    to_string::TO_STRING,
    trim::TRIM,
];
