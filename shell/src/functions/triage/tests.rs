use crate::functions::testing::{session, shown};
use crate::repl::Session;

const CONFIG: &str = r#"config := '{"threatIntel": {"triageConfig": {"riskLevelRules": [
    {"name": "Big", "comment": "seen", "rule": "bytes > limit", "score": "bytes / 10", "reason": "FORMAT(\\"%s bytes\\", bytes)"},
    {"rule": "proto == \\"tcp\\"", "score": 5}
  ], "aggregator": "SUM"}, "config": {"limit": 100}}}'"#;

fn with_config() -> (Session, tokio::runtime::Runtime) {
    let (session, runtime) = session();
    assert!(shown(&session, CONFIG).starts_with('{'));
    session.answer("engine := THREAT_TRIAGE_INIT(config)");
    (session, runtime)
}

#[test]
fn a_message_is_scored_with_the_rules_that_hold() {
    let (session, _runtime) = with_config();
    session.answer(r#"both := THREAT_TRIAGE_SCORE('{"bytes": 200, "proto": "tcp"}', engine)"#);
    let expected = r#"{"score":25.0,"rules":[{"name":"Big","rule":"bytes > limit","score":20,"reason":"200 bytes","comment":"seen"},{"rule":"proto == \"tcp\"","score":5}],"aggregator":"SUM"}"#;
    assert_eq!(shown(&session, "both"), expected);
    let none = r#"THREAT_TRIAGE_SCORE('{"bytes": 1, "proto": "udp"}', engine)"#;
    assert_eq!(
        shown(&session, none),
        r#"{"score":0.0,"rules":[],"aggregator":"SUM"}"#
    );
    assert_eq!(
        shown(&session, "THREAT_TRIAGE_SCORE('{}', THREAT_TRIAGE_INIT())"),
        r#"{"score":0.0,"rules":[],"aggregator":"MAX"}"#
    );
}

#[test]
fn rules_are_printed() {
    let (session, _runtime) = with_config();
    let expected = "\
╔══════╤═════════╤════════════════╤════════════╤═══════════════════════════╗
║ Name │ Comment │ Triage Rule    │ Score      │ Reason                    ║
╠══════╪═════════╪════════════════╪════════════╪═══════════════════════════╣
║ Big  │ seen    │ bytes > limit  │ bytes / 10 │ FORMAT(\"%s bytes\", bytes) ║
╟──────┼─────────┼────────────────┼────────────┼───────────────────────────╢
║      │         │ proto == \"tcp\" │ 5          │                           ║
╚══════╧═════════╧════════════════╧════════════╧═══════════════════════════╝
Aggregation: SUM";
    assert_eq!(shown(&session, "THREAT_TRIAGE_PRINT(config)"), expected);
    assert_eq!(shown(&session, "THREAT_TRIAGE_PRINT(engine)"), expected);
    let empty = shown(&session, "THREAT_TRIAGE_PRINT('{}')");
    assert!(empty.contains("(empty)") && !empty.contains("Aggregation"));
    let off = r#"THREAT_TRIAGE_PRINT('{"threatIntel": {"triageConfig": null}}')"#;
    assert_eq!(shown(&session, off), "");
}

#[test]
fn rules_come_and_go() {
    let (session, _runtime) = with_config();
    session.answer(
        "more := THREAT_TRIAGE_ADD('{}', [{'name': 'Odd', 'rule': 'port > 1024', 'score': 10, 'extra': 1}, \
         {'rule': 'port == 1', 'score': 'port * 2', 'comment': null}, {'rule': 'no score'}, null])",
    );
    session.answer("more := THREAT_TRIAGE_ADD(more, {'rule': 'true', 'score': 1.5})");
    let score =
        r#"MAP_GET('score', THREAT_TRIAGE_SCORE('{"port": 2000}', THREAT_TRIAGE_INIT(more)))"#;
    assert_eq!(shown(&session, score), "10.0");
    session.answer("fewer := THREAT_TRIAGE_REMOVE(more, ['Odd', 'port == 1'])");
    let rules = shown(&session, "fewer");
    assert!(rules.contains("1.5") && !rules.contains("port"), "{rules}");
    assert_eq!(
        shown(&session, "THREAT_TRIAGE_REMOVE(fewer, null) == fewer"),
        "true"
    );
    let engine = shown(&session, "THREAT_TRIAGE_REMOVE(engine, 'Big')");
    assert!(
        engine.contains("tcp") && !engine.contains("Big"),
        "{engine}"
    );
}

#[test]
fn the_aggregator_is_set() {
    let (session, _runtime) = with_config();
    session.answer(
        "mean := THREAT_TRIAGE_SET_AGGREGATOR(config, 'MEAN', {'negativeValuesTrump': false})",
    );
    let score =
        r#"THREAT_TRIAGE_SCORE('{"bytes": 200, "proto": "tcp"}', THREAT_TRIAGE_INIT(mean))"#;
    assert!(shown(&session, score).starts_with("{\"score\":12.5,"));
    assert!(shown(&session, "mean").contains("negativeValuesTrump"));
    let kept = shown(&session, "THREAT_TRIAGE_SET_AGGREGATOR(mean, 'SUM')");
    assert!(kept.contains("negativeValuesTrump") && kept.contains("SUM"));
    assert!(shown(&session, "THREAT_TRIAGE_CONFIG(engine)").contains("bytes > limit"));
}

#[test]
fn what_is_wrong_is_told() {
    let (session, _runtime) = with_config();
    for (source, reason) in [
        ("THREAT_TRIAGE_INIT('')", "blank"),
        ("THREAT_TRIAGE_INIT('{')", "enrichment"),
        ("THREAT_TRIAGE_INIT('{\"threatIntl\": 1}')", "threatIntl"),
        (
            "THREAT_TRIAGE_INIT(THREAT_TRIAGE_ADD('{}', {'rule': 'NO_SUCH(1)', 'score': 1}))",
            "riskLevelRules/0/rule",
        ),
        ("THREAT_TRIAGE_SCORE('[1]', engine)", "no JSON object"),
        (
            "THREAT_TRIAGE_SCORE('{}', STATS_INIT())",
            "THREAT_TRIAGE_INIT",
        ),
        (
            "THREAT_TRIAGE_SCORE('{}', THREAT_TRIAGE_INIT(THREAT_TRIAGE_ADD('{}', {'rule': 'missing', 'score': 1})))",
            "missing",
        ),
        ("THREAT_TRIAGE_ADD('{}', [1])", "argument 2"),
        (
            "THREAT_TRIAGE_ADD('{}', {'rule': [], 'score': 1})",
            "no rule",
        ),
        ("THREAT_TRIAGE_SET_AGGREGATOR('{}', 'max')", "POSITIVE_MEAN"),
        ("THREAT_TRIAGE_PRINT(STATS_INIT())", "THREAT_TRIAGE_INIT"),
    ] {
        let text = shown(&session, source);
        assert!(
            text.starts_with("[!] ") && text.contains(reason),
            "{source}: {text}"
        );
    }
}
