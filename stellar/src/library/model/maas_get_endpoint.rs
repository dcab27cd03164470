use crate::library::prelude::*;

pub(super) const MAAS_GET_ENDPOINT: Function = Function::new(
    "MAAS_GET_ENDPOINT",
    "An instance of a deployed model, chosen at random among those that are registered.",
    &[
        optional(
            "model",
            "The name of the model; without it there is nothing to find.",
        )
        .of_present(Types::ANY),
        optional("version", "Its version; the highest when absent.").null_is_absent(),
    ],
    "a map with name, version, url and the endpoints; null when there is none",
    maas_get_endpoint,
)
.remote()
.gives(Types::MAP.or(Types::NULL))
.examples(&[("MAAS_GET_ENDPOINT()", "null")])
.usage(&[
    "MAAS_GET_ENDPOINT('dga')",
    "MAAS_GET_ENDPOINT('dga', '1.0')",
]);

fn maas_get_endpoint(call: &mut Call) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    if call.get(0).is_null() {
        return call.wrong(0, "the name of a model");
    }
    call.call_remote()
}
