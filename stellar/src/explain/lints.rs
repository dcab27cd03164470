//! S2xx: an expression that works, but may not mean what its author thinks.

use super::{Explanation, warning};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    warning("S201", "`and` and `or` mixed without parentheses")
        .because(
            "`and` and `or` have one precedence and group to the right, unlike in nearly every other language: `a and b or c` is \
             `a and (b or c)`. Upstream's grammar has it that way, and existing rules rely on it. Parentheses say what is \
             meant to both readers.",
        )
        .examples(
            "is_alert and bytes > 1000 or method == 'CONNECT'",
            "(is_alert and bytes > 1000) or method == 'CONNECT'",
        ),
    warning("S202", "`*` after `/` without parentheses")
        .because(
            "`*` binds tighter than `/`: `8 / 2 * 4` is `8 / (2 * 4)`, which is 1, and not 16. Upstream's grammar has it that \
             way.",
        )
        .examples("bytes / 1024 * 8", "(bytes / 1024) * 8"),
    warning("S203", "a comparison right of `in`")
        .because(
            "The right side of `in` is the whole comparison that follows: `'a' in text == true` asks whether 'a' is in \
             `text == true`, that is in true or false, which it never is.",
        )
        .examples(
            "'malware' in url == true",
            "('malware' in url) == true",
        ),
    warning("S204", "fails when it is reached")
        .because(
            "What S105, S107 and S108 say, where it is not certain: the place is a branch, stands right of `and` or `or` or in \
             a lambda, or the value may be null, with which it works. For some messages it fails, and a message whose \
             statement fails loses the results of the whole group.",
        )
        .examples(
            "if exists(names) then GET(names, -1) else null",
            "if exists(names) then GET_LAST(names) else null",
        ),
    warning("S205", "values that are never equal")
        .because(
            "`==` never fails, and never converts: a text and a number are never equal, whatever is in the text. The same holds \
             for the members of a list right of `in`. Some functions leave no doubt either: TO_LOWER gives no capitals, and \
             MONTH counts from 0 to 11. The condition is always false, or, with `!=`, always true.",
        )
        .examples("TO_LOWER(method) == 'GET'", "TO_LOWER(method) == 'get'"),
    warning("S206", "an order with null, or a comparison with NaN")
        .because(
            "Null is neither less nor greater than anything, and NaN is not even equal to itself. Such a comparison is always \
             false; only `!=` with NaN is always true.",
        )
        .examples("bytes > null", "bytes != null"),
    warning("S207", "a whole number that `in` may not find")
        .because(
            "`==` compares numbers by value, `in` by value and width. A number in the source has 32 bits, one with an `L` has \
             64; a number of a message has 32 bits or 64 in the parser, and 64 bits in enrichment and triage, where the message has been \
             read from JSON. So `status in [200, 404]` never holds in a triage rule. Upstream is that way, and rules that \
             were written around it would change if numbers were compared by value.",
        )
        .examples(
            "status in [200, 404]",
            "TO_INTEGER(status) in [200, 404]",
        ),
    warning("S208", "a division by a field that may be missing")
        .because(
            "A missing field counts as 0 in arithmetic, and a whole number divided by 0 fails. In enrichment that loses the \
             results of the whole group for the message. Any condition around that mentions the field silences the warning.",
        )
        .examples(
            "bytes / duration",
            "if duration > 0 then bytes / duration else 0",
        ),
    warning("S209", "null in arithmetic")
        .because(
            "Arithmetic takes null for 0, so that a missing field does not spoil a sum. A conditional that gives null on purpose \
             gives 0 where it is an operand, and the sum looks as if it were known.",
        )
        .examples(
            "(if is_proxied then null else 5) + 10",
            "if is_proxied then null else 5 + 10",
        ),
    warning("S210", "a condition that is always true or always false")
        .because(
            "The condition does not depend on any field, or stands beside `and` or `or` where only true and false make sense. A \
             text alone is no condition: `action == 'a' or 'b'` asks for `action == 'a'`, then for 'b', which counts as \
             false. What depends on a condition that never holds is never done. `x and true` is not reported: it makes a \
             boolean of a field that may be missing.",
        )
        .examples(
            "if action == 'TCP_DENIED' or 'NONE' then 10 else 0",
            "if action == 'TCP_DENIED' or action == 'NONE' then 10 else 0",
        ),
    warning("S211", "the same condition twice")
        .because(
            "The same condition stands twice in a chain, in the branches of a conditional or in the clauses of a `match`, where \
             the second is never reached; or the same stands on both sides of a comparison. Usually one of them was meant to \
             be changed after copying.",
        )
        .examples(
            "ip_src_addr == '10.0.0.1' or ip_src_addr == '10.0.0.1'",
            "ip_src_addr == '10.0.0.1' or ip_dst_addr == '10.0.0.1'",
        ),
    warning("S212", "comparisons that exclude each other")
        .because(
            "A field cannot equal two different values, so two `==` with `and` between them never hold together; and it always \
             differs from one of two values, so two `!=` with `or` between them always hold.",
        )
        .examples(
            "action != 'TCP_HIT' or action != 'TCP_MISS'",
            "action not in ['TCP_HIT', 'TCP_MISS']",
        ),
    warning("S213", "a pattern that is meant to be found anywhere")
        .because(
            "REGEXP_MATCH asks whether the pattern matches the whole text, as Java's `matches` does. A pattern without any \
             wildcard matches one text only, `^` at its start and `$` at its end change nothing, and something has to stand \
             for the rest of the text.",
        )
        .examples(
            "REGEXP_MATCH(url, 'malware')",
            "REGEXP_MATCH(url, '.*malware.*')",
        ),
    warning("S214", "a comparison of what a comparison gives")
        .because(
            "Comparisons are done from left to right, so `a == b == c` compares true or false with c.",
        )
        .examples("ip_src_addr == ip_dst_addr == ip_nat_addr", "ip_src_addr == ip_dst_addr and ip_dst_addr == ip_nat_addr"),
    warning("S215", "a network with bits behind its prefix")
        .because(
            "Only the bits before the prefix of a network count. `192.168.1.77/24` is the whole of `192.168.1.0/24`; perhaps the \
             prefix is wrong, or the address.",
        )
        .examples(
            "IN_SUBNET(ip_dst_addr, '192.168.1.77/24')",
            "IN_SUBNET(ip_dst_addr, '192.168.1.0/24')",
        ),
    warning("S216", "an order of texts that are numbers")
        .because(
            "Texts are put in order by their characters, so that '9' comes after '10'. A field that holds a number makes the \
             comparison with a text fail.",
        )
        .examples("bytes > '1024'", "TO_DOUBLE(bytes) > 1024"),
    warning("S217", "a key that stands in a map twice")
        .because("Of two entries with one key the first counts, and the second is never read. Upstream is that way.")
        .examples(
            "{'low' : 10, 'low' : 50}",
            "{'low' : 10, 'high' : 50}",
        ),
];
