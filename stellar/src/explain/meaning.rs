//! S1xx: an expression that cannot work.

use super::{Explanation, error};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    error("S101", "unknown function")
        .because(
            "No function has this name. Names are in upper case, and only functions can be called: a field or a lambda cannot. \
             Upstream finds out when the call is reached, which may be months later in a branch that is seldom taken; here \
             the configuration is refused. A function that upstream has and that does not exist here is named with the reason.",
        )
        .examples("TO_UPER(user)", "TO_UPPER(user)"),
    error("S102", "wrong number of arguments")
        .because(
            "The function needs more arguments than it got, or takes fewer and refuses more. In its signature, `?` marks an \
             argument that may be left out, and `...` one that may be repeated. Upstream fails at every call instead.",
        )
        .examples(
            "IN_SUBNET(ip_dst_addr)",
            "IN_SUBNET(ip_dst_addr, '10.0.0.0/8')",
        ),
    error("S103", "a constant argument that no call can use")
        .because(
            "A regular expression, network, date format or text format that stands in the source is read when the expression is \
             compiled, and this one is malformed. Upstream fails at every call instead.",
        )
        .examples(
            "IN_SUBNET(ip_dst_addr, '10.0.0.0/33')",
            "IN_SUBNET(ip_dst_addr, '10.0.0.0/8')",
        ),
    error("S104", "a function that cannot be called here")
        .because(
            "Some functions are for people who type expressions, and some need a store that is not connected. In the \
             configuration of a pipeline they cannot work.",
        )
        .examples("KAFKA_FIND('enrichments', m -> true)", "'enrichments'"),
];
