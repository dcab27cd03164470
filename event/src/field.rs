//! Names of the standard fields, as upstream writes them on Kafka topics (dotted, not the `:` form of the index).

/// The sensor that an event belongs to.
pub const SOURCE_TYPE: &str = "source.type";
/// Epoch milliseconds of the event.
pub const TIMESTAMP: &str = "timestamp";
/// The raw text that the event was parsed from.
pub const ORIGINAL_STRING: &str = "original_string";
/// The identity of the event; also its document id in an index.
pub const GUID: &str = "guid";
/// Set to the text `true` on an alert.
pub const IS_ALERT: &str = "is_alert";
pub const IP_SRC_ADDR: &str = "ip_src_addr";
pub const IP_SRC_PORT: &str = "ip_src_port";
pub const IP_DST_ADDR: &str = "ip_dst_addr";
pub const IP_DST_PORT: &str = "ip_dst_port";
pub const PROTOCOL: &str = "protocol";
/// The overall score that triage gives.
pub const THREAT_TRIAGE_SCORE: &str = "threat.triage.score";
