//! Functions that upstream has and this library has not, so that a configuration that is carried over says why.

/// Names with the reason, by group.
const ABSENT: &[(&str, &[&str])] = &[
    (
        "it needs a store that is not connected here",
        &[
            "ENRICHMENT_EXISTS",
            "ENRICHMENT_GET",
            "ENRICHMENT_OBJECT_GET",
            "OBJECT_GET",
            "GEO_GET",
            "ASN_GET",
            "HDFS_LS",
            "HDFS_READ",
            "HDFS_READ_LINES",
            "HDFS_RM",
            "HDFS_WRITE",
            "KAFKA_GET",
            "KAFKA_PROPS",
            "KAFKA_PUT",
            "KAFKA_SEEK",
            "KAFKA_TAIL",
        ],
    ),
    (
        "requests to other services are not made from expressions",
        &["REST_GET", "REST_POST"],
    ),
    (
        "there is no profiler",
        &[
            "PROFILE_FIXED",
            "PROFILE_GET",
            "PROFILE_VERBOSE",
            "PROFILE_WINDOW",
            "PROFILER_APPLY",
            "PROFILER_FLUSH",
            "PROFILER_INIT",
        ],
    ),
    ("there is no packet query", &["BYTEARRAY_MATCHER"]),
    ("upstream has it only in examples", &["NOW"]),
    (
        "it belongs to the interactive shell",
        &[
            "CONFIG_GET",
            "CONFIG_PUT",
            "ENRICHMENT_STELLAR_TRANSFORM_ADD",
            "ENRICHMENT_STELLAR_TRANSFORM_PRINT",
            "ENRICHMENT_STELLAR_TRANSFORM_REMOVE",
            "GROK_EVAL",
            "GROK_PREDICT",
            "INDEXING_SET_BATCH",
            "INDEXING_SET_ENABLED",
            "INDEXING_SET_INDEX",
            "LOCAL_LS",
            "LOCAL_READ",
            "LOCAL_READ_LINES",
            "LOCAL_RM",
            "LOCAL_WRITE",
            "PARSER_CONFIG",
            "PARSER_INIT",
            "PARSER_PARSE",
            "PARSER_STELLAR_TRANSFORM_ADD",
            "PARSER_STELLAR_TRANSFORM_PRINT",
            "PARSER_STELLAR_TRANSFORM_REMOVE",
            "SHELL_EDIT",
            "SHELL_GET_EXPRESSION",
            "SHELL_LIST_VARS",
            "SHELL_MAP2TABLE",
            "SHELL_VARS2MAP",
            "THREAT_TRIAGE_ADD",
            "THREAT_TRIAGE_CONFIG",
            "THREAT_TRIAGE_INIT",
            "THREAT_TRIAGE_PRINT",
            "THREAT_TRIAGE_REMOVE",
            "THREAT_TRIAGE_SCORE",
            "THREAT_TRIAGE_SET_AGGREGATOR",
        ],
    ),
];

/// Why a function of upstream is not here; nothing when upstream has no such function.
pub(crate) fn absent(name: &str) -> Option<&'static str> {
    let group = ABSENT.iter().find(|(_, names)| names.contains(&name));
    group.map(|(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Library;

    #[test]
    fn nothing_is_both_absent_and_there() {
        let library = Library::metron();
        for (_, names) in ABSENT {
            for name in *names {
                assert!(library.spec(name).is_none(), "{name}");
            }
        }
        assert_eq!(absent("TO_UPPER"), None);
        assert!(absent("GROK_EVAL").is_some());
    }
}
