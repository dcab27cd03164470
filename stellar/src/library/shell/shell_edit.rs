use crate::Availability;
use crate::library::prelude::*;

pub(super) const SHELL_EDIT: Function = Function::declared(
    "SHELL_EDIT",
    "Opens a text in an editor: that of the variable EDITOR or VISUAL, or vi.",
    &[optional("text", "The text to begin with.")
        .of(Types::TEXT)
        .defaults_to("''")],
    "the text as it has been saved, without blanks at its ends; null when the editor fails",
    Availability::Shell,
)
.gives(Types::TEXT.or(Types::NULL))
.usage(&["SHELL_EDIT()", "SHELL_EDIT(CONFIG_GET('PARSER', 'squid'))"]);
