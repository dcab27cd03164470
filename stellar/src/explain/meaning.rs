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
    error("S105", "an argument with which every call fails")
        .because(
            "The function cannot work with a value of this kind, or with this value. Kinds are told from literals, operators and \
             from what functions give; a field may hold anything and is never the reason. Upstream fails when the call is \
             reached, for every message. In a branch that may not be taken the same is reported as S204.",
        )
        .examples(
            "GET_FIRST('yahoo.com')",
            "GET_FIRST(SPLIT('yahoo.com', '.'))",
        ),
    error("S106", "a condition that gives no boolean")
        .because(
            "Rules, filters, validations and REMOVE conditions give true, false or null, which counts as false. This \
             expression always gives something else, and every message would fail with it: `1`, `'true'` and a list that is \
             not empty are no truth values here. Compare what the expression gives with something.",
        )
        .of_conditions()
        .examples(
            "if IS_IP(ip_src_addr) then 'true' else 'false'",
            "if IS_IP(ip_src_addr) then true else false",
        ),
    error("S107", "an operation that always fails")
        .because(
            "Arithmetic takes numbers only (and null, which counts as 0): `+` does not join texts. `<` and its like put numbers \
             and numbers in order, texts and texts, booleans and booleans, nothing else. A whole number cannot be divided \
             by 0. Upstream fails at every evaluation; in a branch that may not be taken the same is reported as S204. \
             `1 < x < 10` compares true or false with 10, which fails too.",
        )
        .examples("0 < bytes < 100", "0 < bytes and bytes < 100"),
    error("S108", "a condition of `if`, `?` or `match` that is neither true nor false")
        .because(
            "To choose a branch a value must be true or false; null, an empty list, an empty set and an empty map count as \
             false. Upstream does not understand any other value there and fails with `Invalid parse`, even for a list that \
             is not empty or the text 'true'. In a branch that may not be taken the same is reported as S204.",
        )
        .examples(
            "if 'TCP_DENIED' then 10 else 0",
            "if action == 'TCP_DENIED' then 10 else 0",
        ),
];
