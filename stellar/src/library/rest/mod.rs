//! The functions that ask services over HTTP. What they do happens elsewhere: see [`crate::RemoteCalls`].

mod rest_get;
mod rest_post;

use super::function::Function;
use super::prelude::{Call, Map, Outcome, Parameter, Types, Value, optional, required};

const URL: Parameter = required("url", "The address.").of_present(Types::TEXT);
const CONFIG: Parameter = optional(
    "config",
    "Settings that count before those of the global configuration: timeout, connect.timeout, \
     connection.request.timeout, socket.timeout (all in milliseconds), basic.auth.user, \
     basic.auth.password.path, proxy.host, proxy.port, proxy.basic.auth.user, \
     proxy.basic.auth.password.path, response.codes.allowed, empty.content.override, \
     error.value.override, verify.content.length, enforce.json, pooling.max.total, \
     pooling.default.max.per.route.",
)
.of(Types::MAP)
.defaults_to("{}");
const QUERY: Parameter = optional(
    "query",
    "A map with the parameters of the query, appended to the address.",
)
.of(Types::MAP)
.defaults_to("{}");

pub(super) const FUNCTIONS: &[Function] = &[rest_get::REST_GET, rest_post::REST_POST];

/// Sends a call out, with all the settings that count for it: those of the global configuration for both functions, then
/// those for this one, then those that the call gives at a place.
fn ask(call: &mut Call, own_settings: &str, config: usize) -> Outcome {
    let query = config + 1;
    if call.text_or_null(0)?.is_none() {
        return call.wrong(0, "an address as text");
    }
    call.map_or_null(query)?;
    let given = call.map_or_null(config)?;
    let mut settings = Map::new();
    let layers = [
        call.global_map("stellar.rest.settings"),
        call.global_map(own_settings),
        given,
    ];
    for layer in layers.into_iter().flatten() {
        for (key, value) in layer.iter() {
            settings.insert(key.clone(), value.clone());
        }
    }
    let mut arguments: Vec<Value> = call.rest(0).take(config).cloned().collect();
    arguments.resize(config, Value::Null);
    arguments.push(Value::map(settings));
    // Upstream takes the query only of a call with exactly as many arguments.
    if call.len() == query + 1 {
        arguments.push(call.get(query).clone());
    }
    call.call_remote_with(&arguments)
}
