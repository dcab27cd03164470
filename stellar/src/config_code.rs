//! Stable codes of what can be wrong with configuration documents, beside those of Stellar's own findings. `C0` is about a
//! document as a text, `C1` about its keys and values, `C2` about the documents of a sensor together.

/// The document is no JSON.
pub const NOT_JSON: &str = "C001";
/// The document is JSON, but empty or no object.
pub const NOT_AN_OBJECT: &str = "C002";
/// The document is no UTF-8 text.
pub const NOT_TEXT: &str = "C003";
/// The document cannot be read, or is too large.
pub const UNREADABLE: &str = "C004";
/// Text behind the document.
pub const TRAILING_TEXT: &str = "C005";
/// A key stands twice in one object.
pub const KEY_TWICE: &str = "C006";

/// Any setting that cannot work and has no code of its own.
pub const UNUSABLE_SETTING: &str = "C100";
/// A key that the object does not have.
pub const UNKNOWN_KEY: &str = "C101";
/// A value of the wrong type.
pub const WRONG_TYPE: &str = "C102";
/// A key or setting that has to be there.
pub const MISSING_KEY: &str = "C103";
/// A name of nothing that exists: a parser, a transformation, an adapter.
pub const UNKNOWN_NAME: &str = "C104";
/// A pattern file that is not there.
pub const MISSING_FILE: &str = "C105";
/// A regular expression, grok pattern, date pattern or path that cannot be read.
pub const BAD_PATTERN: &str = "C106";
/// A grok pattern mentions another that is not defined.
pub const UNDEFINED_PATTERN: &str = "C107";
/// A setting that has no effect.
pub const NO_EFFECT: &str = "C108";
/// `output` and the expressions of a transformation do not agree.
pub const OUTPUT_WITHOUT_EXPRESSION: &str = "C109";
/// Two triage rules with the same condition.
pub const RULE_TWICE: &str = "C110";
/// Something that upstream has and that is not built yet.
pub const NOT_BUILT: &str = "C111";
/// A property that the Kafka client does not have.
pub const UNKNOWN_KAFKA_PROPERTY: &str = "C112";
/// A value that the Kafka client refuses.
pub const BAD_KAFKA_PROPERTY: &str = "C113";

/// An expression reads a field that nothing gives, and one with nearly this name exists.
pub const UNKNOWN_FIELD: &str = "C201";
/// A list names a field that nothing gives, and one with nearly this name exists.
pub const UNKNOWN_FIELD_IN_LIST: &str = "C202";
/// An expression reads what is computed only after it.
pub const READ_TOO_EARLY: &str = "C203";
/// A document of a sensor that no parser has, and one with nearly this name exists.
pub const UNKNOWN_SENSOR: &str = "C204";

/// Every code, in order.
pub const ALL: &[&str] = &[
    NOT_JSON,
    NOT_AN_OBJECT,
    NOT_TEXT,
    UNREADABLE,
    TRAILING_TEXT,
    KEY_TWICE,
    UNUSABLE_SETTING,
    UNKNOWN_KEY,
    WRONG_TYPE,
    MISSING_KEY,
    UNKNOWN_NAME,
    MISSING_FILE,
    BAD_PATTERN,
    UNDEFINED_PATTERN,
    NO_EFFECT,
    OUTPUT_WITHOUT_EXPRESSION,
    RULE_TWICE,
    NOT_BUILT,
    UNKNOWN_KAFKA_PROPERTY,
    BAD_KAFKA_PROPERTY,
    UNKNOWN_FIELD,
    UNKNOWN_FIELD_IN_LIST,
    READ_TOO_EARLY,
    UNKNOWN_SENSOR,
];
