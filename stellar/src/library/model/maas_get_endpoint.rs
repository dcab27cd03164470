use crate::library::prelude::*;

pub(super) const MAAS_GET_ENDPOINT: Function = Function::new(
    "MAAS_GET_ENDPOINT",
    "An instance of a deployed model, chosen at random among those that are registered.",
    &[
        optional("model", "The name of the model."),
        optional("version", "Its version; the highest when absent."),
    ],
    "a map with name, version, url and the endpoints; null when there is none",
    maas_get_endpoint,
)
.remote();

fn maas_get_endpoint(call: &mut Call) -> Outcome {
    if call.len() == 0 {
        return Ok(Value::Null);
    }
    if call.get(0).is_null() {
        return call.wrong(0, "the name of a model");
    }
    call.call_remote()
}
