use super::CONFIG_OR_ENGINE;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const THREAT_TRIAGE_PRINT: Function = Function::declared(
    "THREAT_TRIAGE_PRINT",
    "The triage rules of an enrichment configuration.",
    &[CONFIG_OR_ENGINE],
    "a table of names, comments, rules, scores and reasons, with the aggregator below, as text",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["THREAT_TRIAGE_PRINT(CONFIG_GET('ENRICHMENT', 'squid'))"]);
