//! What other programs write into ZooKeeper and models into their endpoint file.

use alidade_maas_core::{
    ContainerRecord, DesiredModels, MaasConfig, MaasError, ModelRequest, Routing, ServiceInstance,
    ServiceStatus, check_model_name, check_model_version, compare_versions, read_endpoint_file,
    rewrite_host, url_host_and_port,
};

use super::{Target, Violation, promise};
use crate::Observed;

pub const TARGET: Target = Target {
    name: "maas",
    run,
    seeds,
    generate: None,
    words,
};

fn seeds() -> Vec<Vec<u8>> {
    let seeds = [
        r#"{"name":"dga","version":"1.0","numInstances":1,"memory":512,"action":"ADD","path":"/user/metron/models"}"#,
        r#"{"name":"dga","version":"1.0","numInstances":1,"memory":0,"action":"REMOVE","path":null}"#,
        "null",
        r#"{"queue":"ZOOKEEPER","queueConfig":{"zk_path":"/maas/queue"},"serviceRoot":"/maas/service"}"#,
        r#"{"name":"dga","id":"2","address":"node1","port":36161,"sslPort":null,"payload":{"@class":"org.apache.metron.maas.config.ModelEndpoint","endpoint":{"url":"http://node1:36161","functions":{"apply":"apply"}},"name":"dga","version":"1.0","containerId":"2"},"registrationTimeUTC":1700000000000,"serviceType":"STATIC","uriSpec":null}"#,
        r#"{"url":"http://0.0.0.0:36161"}"#,
        r#"{"url":"https://u:p@[::1]:1500/a?b#c","functions":{"apply":"echo","apply:batch":"/v2/score"}}"#,
        r#"{"models":[{"name":"dga","version":"1.0","path":"/m","memory":512,"instances":2,"deployment":"dga-1.0-qn-0000000000-1"}]}"#,
        r#"{"weights":{"1.1":10},"shadows":{"1.2":0.5}}"#,
        r#"{"holder":"application_1_0001","updated":1,"running":true,"instances":[{"name":"dga","version":"1","state":"ready","failures":0}],"rejected":[]}"#,
    ];
    seeds.map(|seed| seed.as_bytes().to_vec()).to_vec()
}

fn words() -> Vec<String> {
    let words = [
        "null",
        "\"action\":",
        "\"ADD\"",
        "\"LIST\"",
        "\"payload\":",
        "\"functions\":",
        "\"url\":",
        "http://localhost:",
        "http://[::]:",
        "-1",
        "99999999999999999999",
        "1e3",
        "{}",
        "[]",
        "'",
        "/*",
        "\\u0000",
    ];
    words.map(str::to_owned).to_vec()
}

/// What is read and written again must read the same.
fn comes_back<T: PartialEq + std::fmt::Debug>(
    input: &[u8],
    observed: &mut Observed,
    read: impl Fn(&[u8]) -> Result<T, MaasError>,
    write: impl Fn(&T) -> Result<Vec<u8>, MaasError>,
) -> Result<(), Violation> {
    let value = match read(input) {
        Ok(value) => value,
        Err(error) => {
            observed.note_message(&error.to_string());
            return Ok(());
        }
    };
    let written = write(&value).map_err(|error| Violation(format!("{value:?}: {error}")))?;
    let again = read(&written);
    promise(again.as_ref().is_ok_and(|again| *again == value), || {
        format!("{value:?} comes back as {again:?}")
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<Vec<u8>, MaasError> {
    serde_json::to_vec(value).map_err(|error| MaasError::BadRequest(error.to_string()))
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    comes_back(input, observed, DesiredModels::read, DesiredModels::write)?;
    comes_back(
        input,
        observed,
        ContainerRecord::read,
        ContainerRecord::write,
    )?;
    comes_back(
        input,
        observed,
        ServiceInstance::read,
        ServiceInstance::write,
    )?;
    comes_back(input, observed, ServiceStatus::read, json)?;
    let write_request = |request: &Option<ModelRequest>| match request {
        Some(request) => request.write(),
        None => Ok(b"null".to_vec()),
    };
    comes_back(input, observed, ModelRequest::read, write_request)?;
    for error in [MaasConfig::read(input).err(), Routing::read(input).err()]
        .into_iter()
        .flatten()
    {
        observed.note_message(&error.to_string());
    }
    check_endpoint(input, observed)?;
    if let Ok(text) = std::str::from_utf8(input) {
        observed.note(("name", check_model_name(text).is_ok()));
        observed.note(("version", check_model_version(text).is_ok()));
        let (one, other) = text.split_at(text.floor_char_boundary(text.len() / 2));
        promise(
            compare_versions(one, other) == compare_versions(other, one).reverse(),
            || format!("the order of {one:?} and {other:?} depends on who asks"),
        )?;
    }
    Ok(())
}

/// Where a url's host is replaced, it is replaced once and for all.
fn check_endpoint(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    let endpoint = match read_endpoint_file(input) {
        Ok(endpoint) => endpoint,
        Err(error) => {
            observed.note_message(&error.to_string());
            return Ok(());
        }
    };
    let Some(rewritten) = rewrite_host(&endpoint.url, "node1") else {
        return Ok(());
    };
    let again = rewrite_host(&rewritten, "node1");
    promise(again.as_ref() == Some(&rewritten), || {
        format!(
            "{} is rewritten as {rewritten}, and that as {again:?}",
            endpoint.url
        )
    })?;
    promise(url_host_and_port(&rewritten).is_some(), || {
        format!("{} became {rewritten}, which has no host", endpoint.url)
    })
}
