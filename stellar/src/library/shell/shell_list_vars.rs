use crate::Availability;
use crate::library::prelude::*;

pub(super) const SHELL_LIST_VARS: Function = Function::declared(
    "SHELL_LIST_VARS",
    "The variables of the shell.",
    &[optional(
        "wrap",
        "The number of characters after which a value goes on in the next line.",
    )
    .of(Types::NUMBER.or(Types::TEXT))],
    "a table of names, values and expressions, as text",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["SHELL_LIST_VARS()", "SHELL_LIST_VARS(40)"]);
