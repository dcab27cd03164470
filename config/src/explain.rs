//! What the codes of the configuration's own findings mean. Those of expressions are explained by the language.

use alidade_stellar::Severity as StellarSeverity;

use crate::Severity;

/// What a code such as `C101` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    pub code: &'static str,
    pub severity: Severity,
    /// A few words.
    pub title: &'static str,
    /// A paragraph: what it means, and why it is found.
    pub text: &'static str,
    /// A piece of a document that is reported with this code.
    pub wrong: &'static str,
    /// The same, as it was probably meant.
    pub right: &'static str,
    /// What stands beside the place where nothing nearer is known.
    pub label: &'static str,
    /// What to do where nothing nearer is known.
    pub remedy: &'static str,
}

/// The explanation of a code, in upper or lower case. Nothing for a code that no finding of the configuration has.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    explanations().find(|explanation| explanation.code.eq_ignore_ascii_case(code))
}

/// All explanations, in the order of their codes.
pub fn explanations() -> impl Iterator<Item = &'static Explanation> {
    [TEXT, KEYS, TOGETHER].into_iter().flatten()
}

/// Whether a finding of the language stops the document that it is in.
pub(crate) fn severity_of(severity: StellarSeverity) -> Severity {
    match severity {
        StellarSeverity::Error => Severity::Error,
        StellarSeverity::Warning => Severity::Warning,
    }
}

const fn error(code: &'static str, title: &'static str) -> Explanation {
    Explanation {
        code,
        severity: Severity::Error,
        title,
        text: "",
        wrong: "",
        right: "",
        label: "here",
        remedy: "",
    }
}

const fn warning(code: &'static str, title: &'static str) -> Explanation {
    Explanation {
        severity: Severity::Warning,
        ..error(code, title)
    }
}

impl Explanation {
    /// The explanation as text for a terminal, as those of the language look.
    pub fn render(&self, width: usize) -> String {
        let Explanation {
            code,
            severity,
            title,
            text,
            wrong,
            right,
            ..
        } = *self;
        let severity = match severity {
            Severity::Error => StellarSeverity::Error,
            Severity::Warning => StellarSeverity::Warning,
        };
        let explanation = alidade_stellar::Explanation {
            code,
            severity,
            title,
            text,
            wrong,
            right,
            condition: false,
        };
        explanation.render(width)
    }

    const fn because(self, text: &'static str) -> Self {
        Explanation { text, ..self }
    }

    const fn examples(self, wrong: &'static str, right: &'static str) -> Self {
        Explanation {
            wrong,
            right,
            ..self
        }
    }

    const fn says(self, label: &'static str, remedy: &'static str) -> Self {
        Explanation {
            label,
            remedy,
            ..self
        }
    }
}

/// C0xx: the document as a text.
const TEXT: &[Explanation] = &[
    error("C001", "the document is not JSON")
        .because(
            "A document is JSON as upstream reads it: comments (`//`, `/* */`) are allowed; single quotes, a comma after the last \
             member and NaN are not. A document that cannot be read is refused, and the version before it stays in force.",
        )
        .examples("{ \"sensorTopic\": \"squid\", }", "{ \"sensorTopic\": \"squid\" }")
        .says("here", "correct the JSON at the marked place"),
    error("C002", "the document is empty or no object")
        .because("Every document is one JSON object, and its keys are the settings. A document without settings is `{}`.")
        .examples("[ \"squid\" ]", "{ \"sensorTopic\": \"squid\" }")
        .says("here", "a configuration stands between { and }"),
    error("C003", "the document is not UTF-8")
        .because("JSON is UTF-8. Editors that save in another character set write bytes that are no UTF-8 for letters such as é.")
        .examples("a file saved as ISO-8859-1", "the same file saved as UTF-8")
        .says("the first byte that is no UTF-8", "save the file as UTF-8"),
    error("C004", "the document cannot be read")
        .because(
            "The file or node is there, but could not be read, or is larger than the 1,048,575 bytes that ZooKeeper keeps in one \
             node.",
        )
        .examples("a document of 2 MB", "large lists in a file or a table, not in the document")
        .says("here", "make the file readable for this user, and smaller than 1 MiB"),
    warning("C005", "text behind the document")
        .because(
            "What stands behind the closing brace of the document is ignored, as upstream ignores it. Mostly a brace too many has \
             closed the document early, and settings are lost that way.",
        )
        .examples(
            "{ \"hdfs\": { \"enabled\": true } }, \"solr\": { } }",
            "{ \"hdfs\": { \"enabled\": true }, \"solr\": { } }",
        )
        .says("ignored from here on", "remove it, or a brace too many before it"),
    warning("C006", "a key stands twice in one object")
        .because("Of a key that stands twice in one object the last one counts, as for upstream; the earlier one has no effect.")
        .examples(
            "{ \"index\": \"squid\", \"index\": \"proxy\" }",
            "{ \"index\": \"proxy\" }",
        )
        .says("the second one counts", "remove the one that is not meant"),
];

/// C1xx: keys and values.
const KEYS: &[Explanation] = &[
    error("C100", "a setting that cannot work")
        .because(
            "The value is of the right kind but nothing can be done with it. Upstream would take the document and fail when the \
             setting is used, for each message.",
        )
        .examples("\"columns\": { \"name\": -1 }", "\"columns\": { \"name\": 0 }")
        .says("cannot work", "give a value that the message allows"),
    error("C101", "no such key")
        .because(
            "Parser, enrichment and profiler documents are refused when they have a key that does not exist, as upstream refuses \
             them: a misspelt key would otherwise be a setting that silently has no effect. Global and indexing documents may \
             have any key; there a key that is nearly one of the known ones is a warning.",
        )
        .examples(
            "{ \"parserClasName\": \"org.apache.metron.parsers.GrokParser\" }",
            "{ \"parserClassName\": \"org.apache.metron.parsers.GrokParser\" }",
        )
        .says("no such key", "remove it"),
    error("C102", "a value of the wrong type")
        .because(
            "The setting takes another kind of value. Scalars are converted as upstream converts them (`\"40\"` is fine for a \
             number), lists and objects are not.",
        )
        .examples("\"numWorkers\": true", "\"numWorkers\": 2")
        .says("the wrong type", "give a value of the type that is wanted"),
    error("C103", "a setting is missing")
        .because("Without this setting the part of the document around the marked place cannot work.")
        .examples(
            "{ \"rule\": \"is_alert\" }",
            "{ \"rule\": \"is_alert\", \"score\": 10 }",
        )
        .says("something is missing here", "add the setting"),
    error("C104", "a name of nothing that exists")
        .because(
            "Parsers, filters, transformations, validations, adapters, aggregators, time zones and character sets are named by \
             fixed words, mostly in capital letters; of a Java class name the last part counts. Java classes of your own cannot \
             be loaded.",
        )
        .examples(
            "\"transformation\": \"STELAR\"",
            "\"transformation\": \"STELLAR\"",
        )
        .says("there is nothing of this name", "name one that exists"),
    error("C105", "a pattern file that is not there")
        .because(
            "Grok patterns are looked up beside the documents (`patterns/`), in the folder of `--patterns-dir`, in the \
             configuration of the installation, and among those that are built in. Paths in HDFS are read as paths below these.",
        )
        .examples("\"grokPath\": \"/patterns/squidd\"", "\"grokPath\": \"/patterns/squid\"")
        .says("no such file", "put the file there, or name another one"),
    error("C106", "a pattern that cannot be read")
        .because(
            "Regular expressions and date patterns are those of Java, JSON paths those of Jayway, and all are compiled when the \
             document is loaded. In JSON each backslash is written twice.",
        )
        .examples("\"dateFormat\": \"yyyy-MM-dd bb\"", "\"dateFormat\": \"yyyy-MM-dd HH\"")
        .says("cannot be read", "correct the pattern"),
    warning("C107", "a grok pattern that is not defined")
        .because(
            "The pattern names another one with %{NAME}, and no pattern file defines it. As for upstream the text `null` is put \
             in its place, so that hardly any line matches.",
        )
        .examples("SQUID %{NUMBR:timestamp}", "SQUID %{NUMBER:timestamp}")
        .says("names a pattern that is not defined", "define it in the pattern file"),
    warning("C108", "a setting without effect")
        .because("The setting is taken, for upstream takes it, but nothing reads it.")
        .examples("\"timezone\": \"UTC\"", "\"timeZone\": \"UTC\"")
        .says("has no effect", "remove it"),
    warning("C109", "`output` and the expressions do not agree")
        .because(
            "A STELLAR transformation computes the expressions of `config` in their order and keeps those that `output` lists; \
             the others are only variables for those that follow. A name in `output` without an expression gives nothing.",
        )
        .examples(
            "\"output\": [\"host\"], \"config\": { \"hots\": \"URL_TO_HOST(url)\" }",
            "\"output\": [\"host\"], \"config\": { \"host\": \"URL_TO_HOST(url)\" }",
        )
        .says("has no expression", "let `output` and the names in `config` agree"),
    warning("C110", "two triage rules with one condition")
        .because("Upstream keeps rules in a map by their condition, so that of two with the same text only one counts.")
        .examples(
            "{ \"rule\": \"a\", \"score\": 5 }, { \"rule\": \"a\", \"score\": 9 }",
            "{ \"rule\": \"a\", \"score\": 14 }",
        )
        .says("the same condition again", "join the two, or make their texts differ"),
    warning("C111", "not built yet")
        .because(
            "Upstream has this and Alidade does not have it yet. The document is taken, so that configurations of upstream can be \
             used as they are; this part of it adds nothing.",
        )
        .examples(
            "\"fieldMap\": { \"hbaseEnrichment\": [\"ip_src_addr\"] }",
            "\"fieldMap\": { }",
        )
        .says("adds nothing", "leave it in place, or remove it"),
    warning("C112", "no property of this Kafka client")
        .because(
            "`spoutConfig` and `kafka.producerConfigs` may hold properties of Kafka's Java client. This client is librdkafka, \
             whose properties mostly have the same names. One that it does not have is ignored.",
        )
        .examples(
            "\"spoutConfig\": { \"sesion.timeout.ms\": \"29000\" }",
            "\"spoutConfig\": { \"session.timeout.ms\": \"29000\" }",
        )
        .says("not a property of this client: ignored", "remove it, or give librdkafka's name for it"),
    error("C113", "a value that the Kafka client refuses")
        .because("The Kafka client has this property, but does not take the value. No consumer or producer could be made with it.")
        .examples(
            "\"spoutConfig\": { \"session.timeout.ms\": \"soon\" }",
            "\"spoutConfig\": { \"session.timeout.ms\": \"29000\" }",
        )
        .says("refused by the Kafka client", "give a value that the property takes"),
];

/// C2xx: the documents of a sensor together.
const TOGETHER: &[Explanation] = &[
    warning("C201", "an expression reads a field that nothing gives")
        .because(
            "No field of this name comes from the sensor's parser, its transformations, its enrichments or its configuration, and \
             a field of nearly this name does. Fields are open, so that this is no error: a message may bring what no document \
             tells of. A field that is missing is null in an expression.",
        )
        .examples(
            "\"full_hostname\": \"URL_TO_HOST(ulr)\"",
            "\"full_hostname\": \"URL_TO_HOST(url)\"",
        )
        .says("nothing gives this field", "correct the name, if it is misspelt"),
    warning("C202", "a list names a field that nothing gives")
        .because(
            "As C201, for a field that an adapter, REMOVE, RENAME, SELECT, IP_PROTOCOL or REGEX_SELECT is told to work on.",
        )
        .examples("\"geo\": [\"ip_dst_adr\"]", "\"geo\": [\"ip_dst_addr\"]")
        .says("nothing gives this field", "correct the name, if it is misspelt"),
    warning("C203", "an expression reads what is computed after it")
        .because(
            "The expressions of a transformation or a group are computed in the order of the document. One that reads the result \
             of a later one finds null.",
        )
        .examples(
            "{ \"domain\": \"DOMAIN_REMOVE_SUBDOMAINS(host)\", \"host\": \"URL_TO_HOST(url)\" }",
            "{ \"host\": \"URL_TO_HOST(url)\", \"domain\": \"DOMAIN_REMOVE_SUBDOMAINS(host)\" }",
        )
        .says("computed only further down", "move the expression behind the one that it needs"),
    warning("C204", "a document of a sensor that has no parser")
        .because(
            "There is an enrichment or indexing document for a sensor that no parser document has, and there is a parser of nearly \
             that name. Messages may come from elsewhere, so that this is no error.",
        )
        .examples("enrichments/squit.json beside parsers/squid.json", "enrichments/squid.json")
        .says("here", "give the file the name of the sensor"),
];

#[cfg(test)]
mod tests {
    use alidade_stellar::config_code;

    use super::*;

    #[test]
    fn every_code_is_explained_in_order() {
        let explained: Vec<&str> = explanations().map(|explanation| explanation.code).collect();
        assert_eq!(explained, config_code::ALL);
        for explanation in explanations() {
            let code = explanation.code;
            let texts = [
                explanation.title,
                explanation.text,
                explanation.wrong,
                explanation.right,
                explanation.label,
                explanation.remedy,
            ];
            assert!(texts.iter().all(|text| !text.is_empty()), "{code}");
            assert_ne!(explanation.wrong, explanation.right, "{code}");
        }
        assert_eq!(explain("c101").map(|found| found.code), Some("C101"));
        assert!(explain("C999").is_none() && explain("S101").is_none());
    }
}
