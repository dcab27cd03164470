use crate::library::prelude::*;

pub(super) const MAAS_MODEL_APPLY: Function = Function::new(
    "MAAS_MODEL_APPLY",
    "What a model says about some arguments.",
    &[
        required(
            "endpoint",
            "What MAAS_GET_ENDPOINT gives; anything but a map gives null.",
        )
        .null_gives("null"),
        required(
            "function",
            "The model's function; `apply` when only the arguments are given.",
        ),
        optional(
            "arguments",
            "A map from the names of the model's arguments to their values.",
        ),
    ],
    "the map that the model answers; null when it does not",
    maas_model_apply,
)
.remote()
.gives(Types::MAP.or(Types::NULL))
.examples(&[("MAAS_MODEL_APPLY(null, {'host': 'cnn.com'})", "null")])
.usage(&[
    "MAP_GET('is_malicious', MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga'), {'host': domain}))",
    "MAAS_MODEL_APPLY(MAAS_GET_ENDPOINT('dga', '1.0'), 'apply', {'host': domain})",
]);

fn maas_model_apply(call: &mut Call) -> Outcome {
    if !matches!(call.get(0), Value::Map(_)) {
        return Ok(Value::Null);
    }
    if call.len() == 2 && matches!(call.get(1), Value::Str(_)) {
        return call.fail("the map of arguments is missing");
    }
    call.call_remote()
}
