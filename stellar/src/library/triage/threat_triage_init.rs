use crate::Availability;
use crate::library::prelude::*;

pub(super) const THREAT_TRIAGE_INIT: Function = Function::declared(
    "THREAT_TRIAGE_INIT",
    "A triage engine to try rules with.",
    &[optional(
        "config",
        "An enrichment configuration as JSON; without it the engine has no rules.",
    )
    .of_present(Types::TEXT)],
    "the engine",
    Availability::Shell,
)
.gives(Types::OBJECT)
.usage(&[
    "THREAT_TRIAGE_INIT()",
    "THREAT_TRIAGE_INIT(CONFIG_GET('ENRICHMENT', 'squid'))",
]);
