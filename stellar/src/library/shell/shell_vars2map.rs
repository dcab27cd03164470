use crate::Availability;
use crate::library::prelude::*;

pub(super) const SHELL_VARS2MAP: Function = Function::declared(
    "SHELL_VARS2MAP",
    "The expressions from which some variables of the shell have their values.",
    &[repeated("variables", "The names of the variables.").of(Types::TEXT)],
    "a map from names to expressions; variables without an expression are left out",
    Availability::Shell,
)
.gives(Types::MAP)
.usage(&["SHELL_VARS2MAP('domain', 'is_alert')"]);
