use crate::convert::java_trim;
use crate::library::prelude::*;

pub(super) const TRIM: Function = Function::new(
    "TRIM",
    "The text without the blanks and control characters at both ends.",
    &[required("input", "Any value; what is not text is taken by its text.").null_gives("null")],
    "the text; null for null",
    |call| {
        Ok(call
            .any_text(0)?
            .map_or(Value::Null, |text| Value::str(java_trim(&text))))
    },
)
.gives(Types::TEXT.or(Types::NULL))
.examples(&[("TRIM('  a b\\t')", "\"a b\""), ("TRIM(null)", "null")]);
