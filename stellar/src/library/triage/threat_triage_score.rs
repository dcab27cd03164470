use super::ENGINE;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const THREAT_TRIAGE_SCORE: Function = Function::declared(
    "THREAT_TRIAGE_SCORE",
    "What the rules of a triage engine say about a message.",
    &[
        required("message", "The message as JSON.").of_present(Types::TEXT),
        ENGINE,
    ],
    "a map with score, aggregator and rules, which is the list of the rules that hold",
    Availability::Shell,
)
.gives(Types::MAP)
.usage(&["THREAT_TRIAGE_SCORE('{\"ip_dst_port\": 4444}', THREAT_TRIAGE_INIT(CONFIG_GET('ENRICHMENT', 'squid')))"]);
