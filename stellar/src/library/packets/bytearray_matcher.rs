use crate::Availability;
use crate::library::prelude::*;

pub(super) const BYTEARRAY_MATCHER: Function = Function::declared(
    "BYTEARRAY_MATCHER",
    "Whether the bytes of a packet contain what a pattern describes.",
    &[
        required(
            "pattern",
            "A pattern for bytes, such as `2f56abd814bc56420489ca38e7faf8cec3d4`.",
        )
        .of(Types::TEXT)
        .null_gives("false"),
        required("bytes", "The bytes of a packet.").null_gives("false"),
    ],
    "true or false",
    Availability::Nowhere("there is no packet query"),
)
.exact()
.gives(Types::BOOLEAN)
.usage(&["BYTEARRAY_MATCHER('`TLS`', packet)"]);
