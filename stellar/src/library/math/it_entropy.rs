use crate::convert::to_int;
use crate::library::prelude::*;
use crate::library::text::entropy;

pub(super) const IT_ENTROPY: Function = Function::new(
    "IT_ENTROPY",
    "Shannon's entropy of a distribution that is given as counts, to the base 2.",
    &[required(
        "counts",
        "A map from anything to its count, such as a multiset.",
    )
    .of(Types::MAP)
    .null_gives("null")],
    "the entropy; null for null",
    it_entropy,
)
.gives(Types::DECIMAL.or(Types::NULL))
.examples(&[
    ("IT_ENTROPY(MULTISET_INIT(['a', 'a', 'b', 'b']))", "1.0"),
    ("IT_ENTROPY({})", "0.0"),
    ("IT_ENTROPY(null)", "null"),
]);

fn it_entropy(call: &mut Call) -> Outcome {
    let Some(counts) = call.map_or_null(0)? else {
        return Ok(Value::Null);
    };
    let mut all = Vec::with_capacity(counts.len());
    for (_, count) in counts.iter() {
        match to_int(count).and_then(|count| u32::try_from(count).ok()) {
            Some(count) => all.push(count),
            None => return call.fail("the counts must be whole numbers that are not negative"),
        }
    }
    let Some(total) = all
        .iter()
        .try_fold(0u32, |sum, count| sum.checked_add(*count))
    else {
        return call.fail("the counts are too large");
    };
    Ok(Value::Double(entropy(
        all.into_iter().filter(|count| *count > 0),
        total,
    )))
}
