use super::ENGINE;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const THREAT_TRIAGE_CONFIG: Function = Function::declared(
    "THREAT_TRIAGE_CONFIG",
    "The configuration of a triage engine.",
    &[ENGINE],
    "the configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["THREAT_TRIAGE_CONFIG(engine)"]);
