use super::{CONFIG, QUERY, URL, ask};
use crate::library::prelude::*;

pub(super) const REST_POST: Function = Function::new(
    "REST_POST",
    "What a service answers to a POST request: the JSON object as a map.",
    &[
        URL,
        required(
            "data",
            "What is sent: a map, or text that holds a JSON object, or any text with the setting `enforce.json` false; \
             null sends nothing.",
        ),
        CONFIG,
        QUERY,
    ],
    "the map; what the setting `error.value.override` says, else null, when the service does not answer as it should",
    |call| ask(call, "stellar.rest.post.settings", 2),
)
.remote()
.usage(&[
    "REST_POST('http://scoring.example.com/score', {'url': url, 'bytes': bytes})",
    "REST_POST('http://scoring.example.com/score', {'url': url}, {'response.codes.allowed': [200, 201]})",
]);
