use super::CONFIG_OR_ENGINE;
use crate::Availability;
use crate::library::prelude::*;

pub(super) const THREAT_TRIAGE_ADD: Function = Function::declared(
    "THREAT_TRIAGE_ADD",
    "Adds triage rules to an enrichment configuration.",
    &[
        CONFIG_OR_ENGINE,
        required(
            "rules",
            "A rule as a map, or a list of rules: `rule` and `score`, and perhaps `name`, `comment` and `reason`. The score is a \
             number or an expression. A map without `rule` or `score` is left out.",
        )
        .of(Types::MAP.or(Types::LIST)),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&[
    "THREAT_TRIAGE_ADD(CONFIG_GET('ENRICHMENT', 'squid'), {'name': 'Odd port', 'rule': 'ip_dst_port > 1024', 'score': 10})",
]);

pub(super) const THREAT_TRIAGE_REMOVE: Function = Function::declared(
    "THREAT_TRIAGE_REMOVE",
    "Takes triage rules out of an enrichment configuration.",
    &[
        CONFIG_OR_ENGINE,
        required(
            "rules",
            "The names or the expressions of the rules, one or a list of them.",
        )
        .of(Types::TEXT.or(Types::LIST)),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["THREAT_TRIAGE_REMOVE(CONFIG_GET('ENRICHMENT', 'squid'), ['Odd port'])"]);

pub(super) const THREAT_TRIAGE_SET_AGGREGATOR: Function = Function::declared(
    "THREAT_TRIAGE_SET_AGGREGATOR",
    "Sets how the scores of the triage rules that hold become one.",
    &[
        CONFIG_OR_ENGINE,
        required(
            "aggregator",
            "`MAX`, `MIN`, `SUM`, `MEAN` or `POSITIVE_MEAN`.",
        )
        .of_present(Types::TEXT),
        optional("aggregationConfig", "Settings of the aggregator.")
            .of(Types::MAP)
            .defaults_to("{}"),
    ],
    "the changed configuration as JSON",
    Availability::Shell,
)
.gives(Types::TEXT)
.usage(&["THREAT_TRIAGE_SET_AGGREGATOR(CONFIG_GET('ENRICHMENT', 'squid'), 'SUM')"]);
