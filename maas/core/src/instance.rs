use indexmap::IndexMap;
use serde::Serialize;
use serde_json::Value;

use crate::{MaasError, lenient, url_host_and_port};

/// The class name that upstream's reader insists on in a payload.
pub const PAYLOAD_CLASS: &str = "org.apache.metron.maas.config.ModelEndpoint";

/// Where a model answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    pub url: String,
    /// Alias to path, in the order given.
    pub functions: IndexMap<String, String>,
}

impl Endpoint {
    /// An endpoint with upstream's default function, `apply` at path `apply`.
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            functions: default_functions(),
        }
    }

    /// Reads an endpoint object: `url` is needed, absent `functions` mean `apply`, present ones are used as they stand.
    pub(crate) fn read(json: &Value) -> Result<Endpoint, String> {
        if !json.is_object() {
            return Err("the endpoint must be a JSON object".to_owned());
        }
        let url = lenient::text(json, "url")?.ok_or("the endpoint has no \"url\"")?;
        let functions = match json.get("functions") {
            None | Some(Value::Null) => default_functions(),
            Some(map @ Value::Object(aliases)) => {
                let mut functions = IndexMap::with_capacity(aliases.len());
                for alias in aliases.keys() {
                    let path = lenient::text(map, alias)?.unwrap_or_default();
                    functions.insert(alias.clone(), path);
                }
                functions
            }
            Some(_) => return Err("\"functions\" must be an object of paths".to_owned()),
        };
        Ok(Endpoint { url, functions })
    }
}

fn default_functions() -> IndexMap<String, String> {
    IndexMap::from([("apply".to_owned(), "apply".to_owned())])
}

/// The payload of a registered instance: what a client needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelEndpoint {
    #[serde(rename = "@class")]
    class: &'static str,
    pub endpoint: Endpoint,
    pub name: String,
    pub version: String,
    #[serde(rename = "containerId")]
    pub container_id: String,
}

/// Whether the node of an instance goes away with the session that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum ServiceType {
    /// An ephemeral node: a lost service leaves no stale endpoint behind.
    #[serde(rename = "DYNAMIC")]
    Dynamic,
    /// A persistent node, as upstream registers.
    #[serde(rename = "STATIC")]
    Static,
}

/// One registered instance of a model: the node `<service root>/<name>/<id>`. The fields are declared in the order in
/// which upstream writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceInstance {
    pub name: String,
    /// The container id: decimal text, unique under the service root.
    pub id: String,
    pub address: Option<String>,
    /// -1 where the URL names no port.
    pub port: Option<i32>,
    #[serde(rename = "sslPort")]
    ssl_port: Option<i32>,
    pub payload: ModelEndpoint,
    /// Epoch milliseconds.
    #[serde(rename = "registrationTimeUTC")]
    pub registration_time_utc: i64,
    #[serde(rename = "serviceType")]
    pub service_type: ServiceType,
    #[serde(rename = "uriSpec")]
    uri_spec: Option<String>,
}

impl ServiceInstance {
    /// An instance that answers at `endpoint`, registered at `now_ms` (epoch milliseconds).
    pub fn new(
        name: &str,
        version: &str,
        id: u64,
        endpoint: Endpoint,
        service_type: ServiceType,
        now_ms: i64,
    ) -> Self {
        let (host, port) = url_host_and_port(&endpoint.url).unwrap_or_default();
        let id = id.to_string();
        Self {
            name: name.to_owned(),
            id: id.clone(),
            address: Some(host),
            port: Some(port.map_or(-1, i32::from)),
            ssl_port: None,
            payload: ModelEndpoint {
                class: PAYLOAD_CLASS,
                endpoint,
                name: name.to_owned(),
                version: version.to_owned(),
                container_id: id,
            },
            registration_time_utc: now_ms,
            service_type,
            uri_spec: None,
        }
    }

    /// The node's bytes, exactly in upstream's form.
    ///
    /// # Errors
    /// None in practice: every field can be written.
    pub fn write(&self) -> Result<Vec<u8>, MaasError> {
        serde_json::to_vec(self).map_err(|error| MaasError::malformed("the instance", error))
    }

    /// Reads a node. Only what a client needs must be there: the payload with `endpoint.url`, `name` and `version`.
    ///
    /// # Errors
    /// When the node is not such JSON; the caller skips it and goes on.
    pub fn read(node: &[u8]) -> Result<ServiceInstance, MaasError> {
        Self::read_fields(node)
            .map_err(|reason| MaasError::malformed("the registered instance", reason))
    }

    fn read_fields(node: &[u8]) -> Result<ServiceInstance, String> {
        let json = lenient::first_value(node)?;
        let payload = json.get("payload").ok_or("it has no \"payload\"")?;
        let endpoint = Endpoint::read(payload.get("endpoint").unwrap_or(&Value::Null))?;
        let payload_name = lenient::text(payload, "name")?;
        let name = lenient::text(&json, "name")?.or(payload_name.clone());
        let name = name.ok_or("it has no \"name\"")?;
        let id = lenient::text(&json, "id")?.or(lenient::text(payload, "containerId")?);
        let id = id.ok_or("it has no \"id\"")?;
        let service_type = match lenient::text(&json, "serviceType")?.as_deref() {
            Some("STATIC" | "PERMANENT") => ServiceType::Static,
            _ => ServiceType::Dynamic,
        };
        Ok(ServiceInstance {
            payload: ModelEndpoint {
                class: PAYLOAD_CLASS,
                endpoint,
                name: payload_name.unwrap_or_else(|| name.clone()),
                version: lenient::text(payload, "version")?
                    .ok_or("its payload has no \"version\"")?,
                container_id: lenient::text(payload, "containerId")?.unwrap_or_else(|| id.clone()),
            },
            address: lenient::text(&json, "address")?,
            port: lenient::integer(&json, "port")?.and_then(|port| i32::try_from(port).ok()),
            ssl_port: None,
            registration_time_utc: lenient::integer(&json, "registrationTimeUTC")?.unwrap_or(0),
            service_type,
            uri_spec: None,
            name,
            id,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dga(service_type: ServiceType) -> ServiceInstance {
        let endpoint = Endpoint::at("http://node1:36161");
        ServiceInstance::new("dga", "1.0", 2, endpoint, service_type, 1_700_000_000_000)
    }

    #[test]
    fn instances_are_written_as_upstream_writes_them() {
        let written = dga(ServiceType::Static).write().unwrap();
        let golden = include_bytes!("../tests/data/instance-static.json");
        assert_eq!(String::from_utf8(written).unwrap().as_bytes(), golden);
        let written = dga(ServiceType::Dynamic).write().unwrap();
        assert_eq!(
            written,
            include_bytes!("../tests/data/instance-dynamic.json")
        );
    }

    #[test]
    fn an_instance_reads_back_as_it_was() {
        let instance = dga(ServiceType::Dynamic);
        assert_eq!(
            ServiceInstance::read(&instance.write().unwrap()).unwrap(),
            instance
        );
    }

    #[test]
    fn a_url_without_port_registers_minus_one() {
        let instance = ServiceInstance::new(
            "m",
            "1",
            3,
            Endpoint::at("http://h/x"),
            ServiceType::Static,
            0,
        );
        assert_eq!(instance.port, Some(-1));
        assert_eq!(instance.address.as_deref(), Some("h"));
    }

    #[test]
    fn reading_ignores_what_it_does_not_know_and_needs_little() {
        let node = br#"{"id":"9","enabled":true,"payload":{"name":"m","version":2,"x":0,
            "endpoint":{"url":"http://h:1","functions":{"score":5},"weight":1}}}"#;
        let instance = ServiceInstance::read(node).unwrap();
        assert_eq!(instance.name, "m");
        assert_eq!(instance.payload.version, "2");
        assert_eq!(instance.payload.endpoint.functions["score"], "5");
        let without_functions = br#"{"name":"m","id":"9","payload":{"version":"1","endpoint":{"url":"u","functions":null}}}"#;
        let instance = ServiceInstance::read(without_functions).unwrap();
        assert_eq!(instance.payload.endpoint.functions["apply"], "apply");
    }

    #[test]
    fn what_is_no_instance_is_refused() {
        for bad in [
            "",
            "127.0.0.1",
            "null",
            "{}",
            r#"{"name":"m","id":"1","payload":["org.apache.metron.maas.config.ModelEndpoint",{}]}"#,
            r#"{"name":"m","id":"1","payload":{"version":"1","endpoint":{}}}"#,
            r#"{"name":"m","id":"1","payload":{"endpoint":{"url":"http://h"}}}"#,
        ] {
            assert!(ServiceInstance::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
