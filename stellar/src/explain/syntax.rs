//! S0xx: the text is no expression.

use super::{Explanation, error};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    error("S001", "the text is not an expression")
        .because(
            "Something is missing, or something stands where nothing can. An expression is one value: there are no \
             statements, no assignments, no indexing with brackets and no sign before a name. `if` always needs an `else`, \
             `match` always ends in a `default` clause, `not` needs parentheses, and a comma never stands last. Names may \
             contain `:`, so `c ? a:b` and `{a:1}` read `a:b` and `a:1` as names.",
        )
        .examples(
            "if LENGTH(host) > 60 then 10",
            "if LENGTH(host) > 60 then 10 else 0",
        ),
    error("S002", "a character that has no meaning")
        .because(
            "Outside of strings only letters, digits, `_ $ . :`, the operators, brackets and blanks are known. Equality is \
             `==`, negation is `not(...)`, and there is no `%` or `!`. A field whose name has other characters, such as \
             `@timestamp` or `user-agent`, is read with MAP_GET from `_`, the map of all fields.",
        )
        .examples(
            "@timestamp > 1500000000000L",
            "MAP_GET('@timestamp', _) > 1500000000000L",
        ),
    error("S003", "a number that does not fit")
        .because(
            "A whole number is one of 32 bits, as in Java, where the language comes from; times in milliseconds do not fit. \
             With an `L` at its end it has 64 bits. Larger ones are written as decimal numbers.",
        )
        .examples("timestamp > 1571163620277", "timestamp > 1571163620277L"),
    error("S004", "an escape that does not exist")
        .because(
            "In a string a backslash stands before `n`, `r`, `t`, another backslash or the quote that encloses the string, and \
             nowhere else. Regular expressions are strings first: each backslash of a pattern is written twice. In a JSON \
             document, whose strings have escapes of their own, it is written four times.",
        )
        .examples(
            r"REGEXP_MATCH(host, '.*\.ru')",
            r"REGEXP_MATCH(host, '.*\\.ru')",
        ),
    error("S005", "a string that does not end")
        .because(
            "A string ends at the quote that it began with. A quote of the same kind inside of it is written with a backslash; \
             one of the other kind stands as it is.",
        )
        .examples("user == 'O'Neill'", "user == 'O\\'Neill'"),
    error("S006", "an expression where its form may not stand")
        .because(
            "Some forms may stand only in some places: `and`, `or` and `in` in an argument or a list need parentheses; left of \
             `in` stands a name, a number, a call or a plain value; `match` is no operand and no argument; arithmetic takes no \
             strings. Upstream's grammar is that way, and expressions that it refuses are refused here too, so that a \
             configuration works in both.",
        )
        .examples(
            "TO_STRING(action in ['TCP_DENIED', 'NONE'])",
            "TO_STRING((action in ['TCP_DENIED', 'NONE']))",
        ),
    error("S007", "too deep or too long")
        .because(
            "An expression may nest 100 levels, or 300 operations, and be 1 MiB long; a lambda may have 32 parameters. The bounds keep a configuration from \
             exhausting the memory of the pipeline; no expression that a person has written comes near them. Long chains, as \
             in `a and b and c` or `if ... else if ...`, are not deep.",
        )
        .examples(
            "((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((1\
             ))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))",
            "(1)",
        ),
];
