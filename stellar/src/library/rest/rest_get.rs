use super::{CONFIG, QUERY, URL, ask};
use crate::library::prelude::*;

pub(super) const REST_GET: Function = Function::new(
    "REST_GET",
    "What a service answers to a GET request: the JSON object as a map.",
    &[URL, CONFIG, QUERY],
    "the map; what the setting `error.value.override` says, else null, when the service does not answer as it should",
    |call| ask(call, "stellar.rest.get.settings", 1),
)
.remote()
.usage(&[
    "REST_GET('http://reputation.example.com:8080/ip/10.0.0.1')",
    "REST_GET('https://intel.example.com/lookup', {'timeout': 2000, 'basic.auth.user': 'soc'}, {'domain': domain})",
]);
