//! The functions that ask services over HTTP. What they do happens elsewhere: see [`crate::RemoteCalls`].

mod rest_get;
mod rest_post;

use super::function::Function;
use super::prelude::{Call, Parameter, Types, optional, required};
use crate::EvalError;

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

/// What both want of their arguments: an address, and two maps that may be null.
fn check(call: &Call, config: usize, query: usize) -> Result<(), EvalError> {
    if call.text_or_null(0)?.is_none() {
        return call.wrong(0, "an address as text");
    }
    call.map_or_null(config)?;
    call.map_or_null(query)?;
    Ok(())
}
