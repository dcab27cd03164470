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
        .examples("bytes / duration * 1000", "(bytes / duration) * 1000"),
    warning("S203", "a comparison right of `in`")
        .because(
            "The right side of `in` is the whole comparison that follows: `'a' in text == true` asks whether 'a' is in \
             `text == true`, that is in true or false, which it never is.",
        )
        .examples(
            "'malware' in url == true",
            "('malware' in url) == true",
        ),
];
