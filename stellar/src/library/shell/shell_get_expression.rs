use crate::Availability;
use crate::library::prelude::*;

pub(super) const SHELL_GET_EXPRESSION: Function = Function::declared(
    "SHELL_GET_EXPRESSION",
    "The expression from which a variable of the shell has its value.",
    &[required("variable", "The name of the variable.").of(Types::TEXT)],
    "the expression as text; null when there is none",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["SHELL_GET_EXPRESSION('domain')"]);
