use indexmap::IndexMap;

use crate::convert::to_text;
use crate::library::prelude::*;

pub(super) const STRING_ENTROPY: Function = Function::new(
    "STRING_ENTROPY",
    "Shannon's entropy of the characters of a text, to the base 2.",
    &[required("input", "The text; any other value is taken by its text.").null_gives("0.0")],
    "the entropy; 0 for null and for the empty text",
    string_entropy,
)
.gives(Types::DECIMAL)
.exact()
.examples(&[
    ("STRING_ENTROPY('aabb')", "1.0"),
    ("STRING_ENTROPY('a')", "0.0"),
    ("STRING_ENTROPY(null)", "0.0"),
]);

fn string_entropy(call: &mut Call) -> Outcome {
    let text = to_text(call.get(0)).unwrap_or_default();
    let mut counts: IndexMap<u16, u32> = IndexMap::new();
    for unit in text.encode_utf16() {
        *counts.entry(unit).or_default() += 1;
    }
    // The sum of floating point numbers depends on their order, which upstream's is that of its hash table.
    let slots = (counts.len() * 4).div_ceil(3).next_power_of_two().max(16);
    counts.sort_by(|a, _, b, _| (usize::from(*a) % slots).cmp(&(usize::from(*b) % slots)));
    let total: u32 = counts.values().sum();
    Ok(Value::Double(entropy(counts.into_values(), total)))
}

/// Shannon's entropy of a distribution given by counts, to the base 2.
pub(crate) fn entropy(counts: impl Iterator<Item = u32>, total: u32) -> f64 {
    let mut sum = 0.0;
    for count in counts {
        let share = f64::from(count) / f64::from(total);
        sum += share * share.ln() / std::f64::consts::LN_2;
    }
    // Zero without a sign.
    if sum == 0.0 { 0.0 } else { -sum }
}
