//! What all clients of Kafka are told, whoever configures them: how they log in, and what no configuration may ask for.

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;

const KEYTAB: &str = "sasl.kerberos.keytab";
const KINIT: &str = "sasl.kerberos.kinit.cmd";
const RELOGIN: &str = "sasl.kerberos.min.time.before.relogin";

/// Properties that would have the client load a library or start a program.
const RUNS_CODE: [&str; 5] = [
    "plugin.library.paths",
    KINIT,
    "ssl.engine.id",
    "ssl.engine.location",
    "ssl.providers",
];

/// Properties that the client puts into the command line of `kinit`, which a shell reads.
const IN_COMMAND_LINE: [&str; 3] = [
    KEYTAB,
    "sasl.kerberos.principal",
    "sasl.kerberos.service.name",
];

/// Whether a property would have the client run code. Only whoever starts the program may ask for that, on its command
/// line; a configuration document or an expression may not.
pub fn runs_code(property: &str) -> bool {
    RUNS_CODE.contains(&property)
}

/// Why a value is refused that the client would take, if it is.
pub fn danger(property: &str, value: &str) -> Option<&'static str> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/@._-+:=,".contains(letter);
    if IN_COMMAND_LINE.contains(&property) && !value.chars().all(is_plain) {
        return Some(
            "it may have letters of ASCII, digits and any of /@._-+:=, because a shell reads it",
        );
    }
    None
}

/// Completes the settings of a client that logs in by Kerberos: without a keytab in its properties it takes the ticket of the
/// environment (`KRB5CCNAME`), or gets one out of the environment's keytab (`KRB5_CLIENT_KTNAME`).
///
/// By itself librdkafka insists on a keytab, from which it would have `kinit` make a ticket every minute.
pub fn complete(config: &mut ClientConfig) {
    if logs_in_by_kerberos(config) && config.get(KEYTAB).is_none() && config.get(KINIT).is_none() {
        config.set(RELOGIN, "0");
    }
}

fn logs_in_by_kerberos(config: &ClientConfig) -> bool {
    let protocol = config.get("security.protocol").unwrap_or_default();
    let mechanism = config
        .get("sasl.mechanism")
        .or_else(|| config.get("sasl.mechanisms"))
        .unwrap_or("GSSAPI");
    protocol.to_ascii_uppercase().starts_with("SASL_") && mechanism == "GSSAPI"
}

const NOT_BUILT: &str = "a log-in by Kerberos is asked for, and this program was built without it; build it with \
     `cargo build --release --features kerberos` (docs/kerberos.md), or name another sasl.mechanism";

/// What to do about a client that cannot be made because this program was built without Kerberos; none for other errors.
pub fn remedy(error: &KafkaError) -> Option<&'static str> {
    let words = error.to_string();
    let is_missing = words.contains("No provider for SASL mechanism GSSAPI")
        || words.contains("libsasl2 not available at build time");
    is_missing.then_some(NOT_BUILT)
}

/// The same, before a client is made of the settings.
pub fn is_missing(config: &ClientConfig) -> Option<&'static str> {
    let built_in = ClientConfig::new()
        .create_native_config()
        .and_then(|native| native.get("builtin.features"));
    let is_built = built_in.is_ok_and(|features| features.contains("sasl_gssapi"));
    (logs_in_by_kerberos(config) && !is_built).then_some(NOT_BUILT)
}

#[cfg(test)]
mod tests {
    use rdkafka::consumer::BaseConsumer;

    use super::*;

    fn config(entries: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        for (name, value) in entries {
            config.set(*name, *value);
        }
        complete(&mut config);
        config
    }

    #[test]
    fn the_environment_has_the_ticket_unless_the_properties_have_a_keytab() {
        let protocol = ("security.protocol", "SASL_PLAINTEXT");
        assert_eq!(config(&[protocol]).get(RELOGIN), Some("0"));
        let javas_default = (RELOGIN, "60000");
        assert_eq!(config(&[protocol, javas_default]).get(RELOGIN), Some("0"));
        let ssl = ("security.protocol", "sasl_ssl");
        assert_eq!(
            config(&[ssl, ("sasl.mechanisms", "GSSAPI")]).get(RELOGIN),
            Some("0")
        );

        assert_eq!(config(&[protocol, (KEYTAB, "/a")]).get(RELOGIN), None);
        assert_eq!(config(&[protocol, (KINIT, "true")]).get(RELOGIN), None);
        assert_eq!(
            config(&[protocol, ("sasl.mechanism", "PLAIN")]).get(RELOGIN),
            None
        );
        assert_eq!(config(&[("security.protocol", "SSL")]).get(RELOGIN), None);
        assert_eq!(config(&[]).get(RELOGIN), None);
    }

    #[test]
    fn a_shell_is_told_nothing_strange() {
        assert_eq!(
            danger("sasl.kerberos.principal", "metron/node-1@EXAMPLE.TEST"),
            None
        );
        assert_eq!(danger(KEYTAB, "/etc/security/keytabs/metron.keytab"), None);
        for value in ["a;b", "$(id)", "a b", "`id`", "a\nb", "|", "%{x}"] {
            assert!(
                danger("sasl.kerberos.principal", value).is_some(),
                "{value}"
            );
        }
        assert_eq!(danger("sasl.password", "$(id)"), None);
        assert!(runs_code(KINIT) && !runs_code(KEYTAB));
    }

    #[test]
    fn a_client_without_kerberos_says_how_to_get_one_with_it() {
        let by_kerberos = config(&[("security.protocol", "SASL_PLAINTEXT")]);
        let made = by_kerberos.create::<BaseConsumer>();
        let remedies = [
            is_missing(&by_kerberos),
            made.err().and_then(|error| remedy(&error)),
        ];
        if cfg!(feature = "kerberos") {
            assert_eq!(remedies, [None, None]);
        } else {
            assert_eq!(remedies, [Some(NOT_BUILT), Some(NOT_BUILT)]);
        }
        assert_eq!(is_missing(&config(&[])), None);
        let other = config(&[("security.protocol", "nonsense")]).create::<BaseConsumer>();
        assert_eq!(remedy(&other.err().unwrap()), None);
    }
}
