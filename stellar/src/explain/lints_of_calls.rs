//! The S2xx that are about names, lambdas and calls.

use super::{Explanation, warning};

pub(super) const EXPLANATIONS: &[Explanation] = &[
    warning("S218", "a lambda that does not use its parameters")
        .because(
            "The lambda gives the same for every member of the list. Perhaps its body names a field where the parameter was \
             meant.",
        )
        .examples(
            "FILTER(domains, d -> LENGTH(domain) > 20)",
            "FILTER(domains, d -> LENGTH(d) > 20)",
        ),
    warning("S219", "a parameter that hides another")
        .because(
            "Inside the inner lambda the name means its own parameter, and the outer one cannot be read. Of two parameters of \
             one lambda with the same name the last one counts.",
        )
        .examples(
            "MAP(rows, x -> MAP(x, x -> x + 1))",
            "MAP(rows, row -> MAP(row, x -> x + 1))",
        ),
    warning("S220", "a parameter that never gets a value")
        .because(
            "MAP and FILTER give a lambda one value, REDUCE two, and `match` calls the lambda of a clause without any. Further \
             parameters are null.",
        )
        .examples("MAP(domains, (d, at) -> [at, d])", "MAP(domains, d -> [d])"),
    warning("S221", "an argument that is ignored")
        .because(
            "Most functions ignore surplus arguments instead of failing, as upstream's do: HLLP_ADD(h, 'a', 'b') adds 'a' only. \
             SET_INIT with more than one argument even gives an empty set.",
        )
        .examples("SET_INIT(['a'], ['b'])", "SET_MERGE([['a'], ['b']])"),
    warning("S222", "a replacement that is empty")
        .because(
            "REGEXP_REPLACE with an empty replacement gives the text unchanged, as upstream does, so it cannot remove anything. \
             A group keeps what is to stay.",
        )
        .examples(
            "REGEXP_REPLACE(host, '^www\\\\.', '')",
            "REGEXP_REPLACE(host, '^www\\\\.(.*)', '$1')",
        ),
    warning("S223", "a type of address that IS_IP does not know")
        .because(
            "IS_IP knows 'IPV4' and 'IPV6', in capitals. Upstream takes anything else for both, without a word.",
        )
        .examples("IS_IP(ip_src_addr, 'ipv4')", "IS_IP(ip_src_addr, 'IPV4')"),
    warning("S224", "a date format whose letters are confused")
        .because(
            "Formats are those of Java: `y` is the year and `Y` that of the week, `M` the month and `m` the minute, `d` the day \
             of the month and `D` that of the year, `H` the hour of the day and `h` that of the half day, which needs `a` \
             beside it. A confused letter is no error, it gives another time.",
        )
        .examples(
            "TO_EPOCH_TIMESTAMP(time, 'YYYY-MM-dd HH:mm:ss', 'UTC')",
            "TO_EPOCH_TIMESTAMP(time, 'yyyy-MM-dd HH:mm:ss', 'UTC')",
        ),
    warning("S225", "the name of a function without a call")
        .because(
            "Functions are not values: a name without parentheses is a variable, and one that is spelt like a function is \
             nearly always missing. MAP and its like take lambdas.",
        )
        .examples("MAP(names, TO_UPPER)", "MAP(names, name -> TO_UPPER(name))"),
    warning("S226", "a variable that is spelt like a word of the language")
        .because(
            "The words of the language are written in small letters or in capitals, `NaN` in one way only. In any other \
             spelling they are the names of variables, which are missing.",
        )
        .examples("is_alert == True", "is_alert == true"),
    warning("S227", "`in` with something that holds nothing")
        .because(
            "With a text on the right side, `in` asks whether the left side is a part of it: `action in 'TCP_DENIED'` holds for \
             TCP_DENIED, but also for TCP, D and the empty text. With a number or a boolean it compares the two.",
        )
        .examples("action in 'TCP_DENIED'", "action in ['TCP_DENIED']"),
];
