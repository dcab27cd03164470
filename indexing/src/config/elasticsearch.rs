use std::time::Duration;

use alidade_event::{Str, Value};
use reqwest::Url;

use super::coerce::{Section, shown};
use crate::DateFormat;

/// The `es.*` keys of the global document.
#[derive(Debug, Clone)]
pub struct ElasticsearchGlobal {
    /// Where to send requests, from `es.ip` and `es.port`. May be empty.
    pub hosts: Vec<Url>,
    pub date_format: DateFormat,
    /// Whether the guid is the document id where a sensor does not say. Upstream's default is false, ours true.
    pub set_document_id: bool,
    pub client: ElasticsearchClientSettings,
}

/// `es.client.settings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElasticsearchClientSettings {
    /// `connection.timeout.millis`
    pub connect_timeout: Duration,
    /// `socket.timeout.millis`: how long one request may take.
    pub request_timeout: Duration,
    /// `xpack.username`
    pub user: Option<Str>,
    /// `xpack.password.file`: a local path, or an `hdfs:` URI; its first line counts.
    pub password_file: Option<Str>,
    /// `ssl.enabled`
    pub tls: bool,
    /// `keystore.path`: certificates to trust, as PEM.
    pub trust_file: Option<Str>,
}

impl Default for ElasticsearchClientSettings {
    fn default() -> Self {
        ElasticsearchClientSettings {
            connect_timeout: Duration::from_secs(1),
            request_timeout: Duration::from_secs(30),
            user: None,
            password_file: None,
            tls: false,
            trust_file: None,
        }
    }
}

impl Default for ElasticsearchGlobal {
    fn default() -> Self {
        ElasticsearchGlobal {
            hosts: Vec::new(),
            date_format: DateFormat::default(),
            set_document_id: true,
            client: ElasticsearchClientSettings::default(),
        }
    }
}

/// The port of Elasticsearch's HTTP interface.
const HTTP_PORT: u16 = 9200;

impl ElasticsearchGlobal {
    pub(super) fn read(section: &mut Section<'_>) -> Self {
        let client = read_client(section);
        let mut settings = ElasticsearchGlobal {
            hosts: read_hosts(section, client.tls),
            client,
            ..ElasticsearchGlobal::default()
        };
        if let Some(set) = section.flag("indexing.writer.elasticsearch.setDocumentId") {
            settings.set_document_id = set;
        }
        if let Some(pattern) = section.text("es.date.format") {
            match DateFormat::parse(&pattern) {
                Ok(format) => settings.date_format = format,
                Err(message) => section.problem(
                    "es.date.format",
                    message,
                    "use a Java date pattern such as yyyy.MM.dd.HH",
                ),
            }
        }
        settings
    }
}

fn read_client(section: &mut Section<'_>) -> ElasticsearchClientSettings {
    let mut client = ElasticsearchClientSettings::default();
    let mut problems = Vec::new();
    let path = section.pointer("es.client.settings");
    let mut inner = Section::new(section.get("es.client.settings"), path, &mut problems);
    if let Some(millis) = inner.count("connection.timeout.millis") {
        client.connect_timeout = timeout(millis);
    }
    if let Some(millis) = inner.count("socket.timeout.millis") {
        client.request_timeout = timeout(millis);
    }
    client.user = inner.text("xpack.username").filter(|text| !text.is_empty());
    client.password_file = inner
        .text("xpack.password.file")
        .filter(|text| !text.is_empty());
    client.tls = inner.flag("ssl.enabled").unwrap_or(false);
    client.trust_file = inner.text("keystore.path").filter(|text| !text.is_empty());
    if client.user.is_some() && client.password_file.is_none() {
        inner.problem(
            "xpack.username",
            "a user is given without a password file",
            "put the password into the first line of a file and name it in xpack.password.file",
        );
    }
    let kind = inner.text("keystore.type");
    let is_pem = kind
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("PEM"));
    if client.trust_file.is_some() && !is_pem {
        inner.problem(
            "keystore.type",
            "only PEM files can be read",
            "export the certificates: keytool -list -rfc -keystore <file> > trust.pem, then set keystore.path to \
             trust.pem and keystore.type to PEM",
        );
    }
    problems
        .into_iter()
        .for_each(|problem| section.note(problem));
    client
}

/// A time-out in milliseconds; zero means none in Java, which is an hour here.
pub(super) fn timeout(millis: u64) -> Duration {
    const HOUR: u64 = 3_600_000;
    Duration::from_millis(if millis == 0 { HOUR } else { millis.min(HOUR) })
}

fn read_hosts(section: &mut Section<'_>, tls: bool) -> Vec<Url> {
    let port = match section.whole("es.port") {
        None => HTTP_PORT,
        Some(port) => match u16::try_from(port) {
            Ok(port) if port > 0 => port,
            _ => {
                section.problem("es.port", "not a port", "write a number from 1 to 65535");
                HTTP_PORT
            }
        },
    };
    let names: Vec<Str> = match section.get("es.ip") {
        None => Vec::new(),
        Some(Value::Str(list)) => list.split(',').map(Str::new).collect(),
        Some(Value::List(members)) => members
            .iter()
            .map(|member| {
                member
                    .as_str()
                    .map_or_else(|| member.to_json().into(), Str::new)
            })
            .collect(),
        Some(other) => {
            section.problem(
                "es.ip",
                format!("{} is no address", shown(other)),
                "write \"host:port\", \"host1:port,host2:port\" or a list of them",
            );
            Vec::new()
        }
    };
    let mut hosts = Vec::with_capacity(names.len());
    for name in names
        .iter()
        .map(|name| name.trim())
        .filter(|name| !name.is_empty())
    {
        match host_url(name, port, tls) {
            Some(url) => hosts.push(url),
            None => section.problem(
                "es.ip",
                format!("{} is no address", shown(&Value::str(name))),
                "write host or host:port",
            ),
        }
    }
    hosts
}

/// `host`, `host:port` or a whole URL, as a URL.
fn host_url(name: &str, default_port: u16, tls: bool) -> Option<Url> {
    let scheme = if tls { "https" } else { "http" };
    let has_scheme = name.starts_with("http://") || name.starts_with("https://");
    let text = if has_scheme {
        name.to_owned()
    } else {
        format!("{scheme}://{name}")
    };
    let mut url = Url::parse(&text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if url.host_str().is_none_or(str::is_empty) || !is_plain {
        return None;
    }
    let names_a_port = name
        .trim_start_matches("http://")
        .trim_start_matches("https://")
        .trim_end_matches('/')
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    if !names_a_port {
        url.set_port(Some(default_port)).ok()?;
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use crate::GlobalIndexingSettings;

    fn hosts(json: &str) -> Vec<String> {
        let settings = GlobalIndexingSettings::from_json(json.as_bytes()).unwrap();
        let hosts = settings.elasticsearch.hosts.iter();
        hosts.map(|url| url.as_str().to_owned()).collect()
    }

    #[test]
    fn every_form_of_an_address_is_taken() {
        assert_eq!(hosts(r#"{"es.ip":"node1:9300"}"#), ["http://node1:9300/"]);
        assert_eq!(hosts(r#"{"es.ip":"node1"}"#), ["http://node1:9200/"]);
        assert_eq!(
            hosts(r#"{"es.ip":"a:1,b","es.port":"9201"}"#),
            ["http://a:1/", "http://b:9201/"]
        );
        assert_eq!(
            hosts(r#"{"es.ip":["a:1"," b "]}"#),
            ["http://a:1/", "http://b:9200/"]
        );
        assert_eq!(
            hosts(r#"{"es.ip":"[::1]:9","es.client.settings":{"ssl.enabled":"true"}}"#),
            ["https://[::1]:9/"]
        );
        assert_eq!(hosts(r#"{"es.ip":"https://a"}"#), ["https://a:9200/"]);
        assert_eq!(hosts(r#"{"es.ip":"http://a:80"}"#), ["http://a/"]);
        assert!(hosts("{}").is_empty());
    }

    #[test]
    fn wrong_addresses_are_named() {
        for json in [
            r#"{"es.ip":7}"#,
            r#"{"es.ip":"a b"}"#,
            r#"{"es.ip":"http://user:secret@a:1"}"#,
            r#"{"es.ip":"a:99999"}"#,
        ] {
            let problems = GlobalIndexingSettings::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(problems[0].path, "/es.ip", "{json}");
        }
        let problems = GlobalIndexingSettings::from_json(br#"{"es.port":70000}"#).unwrap_err();
        assert_eq!(problems[0].path, "/es.port");
    }

    #[test]
    fn client_settings_have_upstreams_names_and_defaults() {
        let text =
            br#"{"es.client.settings":{"connection.timeout.millis":"250","socket.timeout.millis":7,
            "xpack.username":"u","xpack.password.file":"/p"}}"#;
        let client = GlobalIndexingSettings::from_json(text)
            .unwrap()
            .elasticsearch
            .client;
        assert_eq!(client.connect_timeout.as_millis(), 250);
        assert_eq!(client.request_timeout.as_millis(), 7);
        assert_eq!(client.user.as_deref(), Some("u"));
        let defaults = GlobalIndexingSettings::from_json(b"{}")
            .unwrap()
            .elasticsearch;
        assert_eq!(defaults.client.connect_timeout.as_millis(), 1_000);
        assert_eq!(defaults.client.request_timeout.as_millis(), 30_000);
        assert!(defaults.set_document_id);
    }

    #[test]
    fn a_java_key_store_is_refused_with_a_remedy() {
        let text = br#"{"es.client.settings":{"keystore.path":"/k.jks","keystore.type":"JKS"}}"#;
        let problems = GlobalIndexingSettings::from_json(text).unwrap_err();
        assert_eq!(problems[0].path, "/es.client.settings/keystore.type");
        assert!(problems[0].help.as_ref().unwrap().contains("keytool"));
        let text = br#"{"es.client.settings":{"xpack.username":"u"}}"#;
        assert_eq!(
            GlobalIndexingSettings::from_json(text).unwrap_err().len(),
            1
        );
    }
}
