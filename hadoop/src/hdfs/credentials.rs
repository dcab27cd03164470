//! Tokens for HDFS.

use super::place::Place;
use super::{FileSystem, NAME_NODE_PRINCIPAL};
use crate::conf::{Authentication, ResourceManagerPort};
use crate::ipc::{Login, RpcOptions};
use crate::{Credentials, HadoopConf, HadoopError, NameNode, ServerAddress, Token, TokenKind};

/// What the containers of an application need to read and write HDFS as its user, for
/// [`LaunchContext::credentials`](crate::LaunchContext::credentials); none on a cluster without security.
///
/// With a Kerberos ticket, a new token of the NameNode's, which the resource manager prolongs while the application
/// runs. In a container, where there is a token file instead of a ticket, what that has, without the application
/// master's own token.
///
/// # Errors
/// [`HadoopError::Configuration`] when `yarn.resourcemanager.principal` or `dfs.namenode.kerberos.principal` is not set;
/// as [`Credentials::read_file`] and [`NameNode::delegation_token`].
pub async fn hdfs_credentials(
    conf: &HadoopConf,
    fs: &FileSystem,
) -> Result<Option<Credentials>, HadoopError> {
    if conf.authentication()? == Authentication::Simple {
        return Ok(None);
    }
    if let Some(given) = Credentials::from_environment()?
        && given.token_of_kind(TokenKind::Hdfs).is_some()
    {
        return Ok(Some(given.for_containers()));
    }
    let place = &fs.inner.place;
    let login = Login::from_conf(conf, NAME_NODE_PRINCIPAL)?;
    let options = RpcOptions::from_conf(conf)?;
    let name_node = NameNode::connect(place.name_nodes.clone(), login, options)?;
    let Some(token) = name_node.delegation_token(&renewer(conf)?).await? else {
        return Ok(None);
    };
    Ok(Some(with_services(&token, services(place).await)))
}

/// The resource manager, as the NameNode is to know it.
fn renewer(conf: &HadoopConf) -> Result<String, HadoopError> {
    let Some(principal) = conf.resource_manager_principal()? else {
        let key = crate::conf::RESOURCE_MANAGER_PRINCIPAL;
        let reason =
            "it must be set on a cluster with Kerberos: the resource manager prolongs the tokens";
        return Err(conf.wrong(key, reason));
    };
    let servers = conf.resource_managers(ResourceManagerPort::Client)?;
    let host = servers.first().map(|server| server.host.to_lowercase());
    Ok(principal.replace("_HOST", &host.unwrap_or_default()))
}

/// The token once for every text by which a client may look for it. Java's clients look for the address or, where they
/// are told so, for the host's name; ours looks for what is in its URL.
fn with_services(token: &Token, services: Vec<String>) -> Credentials {
    let mut credentials = Credentials::default();
    for service in services {
        let mut token = token.clone();
        token.service.clone_from(&service);
        credentials.insert(&service, token);
    }
    credentials
}

async fn services(place: &Place) -> Vec<String> {
    if let Some(nameservice) = &place.nameservice {
        return vec![format!("ha-hdfs:{nameservice}")];
    }
    let mut services = Vec::new();
    for server in &place.name_nodes {
        services.extend(resolved(server).await);
        let by_name = server.to_string();
        if !services.contains(&by_name) {
            services.push(by_name);
        }
    }
    services
}

/// `ip:port`
async fn resolved(server: &ServerAddress) -> Option<String> {
    let mut addresses = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .ok()?;
    addresses.next().map(ServerAddress::token_service)
}

/// The URL with which the client underneath finds a token: it compares the text of the URL, which may be a host's name
/// where the token has the address.
pub(super) async fn url_with_token(place: &Place, tokens: &Credentials) -> String {
    let by_default = place.uri.clone();
    let (None, [server]) = (&place.nameservice, place.name_nodes.as_slice()) else {
        return by_default;
    };
    let is_service = |service: &str| {
        let mut tokens = tokens.tokens.iter().map(|(_, token)| token);
        tokens.any(|token| token.is(TokenKind::Hdfs) && token.service == service)
    };
    if is_service(&server.to_string()) {
        return by_default;
    }
    match resolved(server).await {
        Some(service) if is_service(&service) => format!("hdfs://{service}"),
        _ => by_default,
    }
}

/// The user that a token of HDFS stands for, as the NameNode has written it: version, owner, renewer, ...
pub(super) fn owner(token: &Token) -> Option<String> {
    let (version, rest) = token.identifier.split_first()?;
    // The length of the owner, in one byte up to 127.
    let (length, rest) = rest.split_first()?;
    let length = usize::from(*length);
    if *version != 0 || !(1..=127).contains(&length) {
        return None;
    }
    let owner = std::str::from_utf8(rest.get(..length)?).ok()?;
    Some(owner.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(service: &str) -> Token {
        Token {
            identifier: b"\0\x13metron@EXAMPLE.TEST\x04yarn".to_vec(),
            password: vec![1],
            kind: TokenKind::Hdfs.text().to_owned(),
            service: service.to_owned(),
        }
    }

    fn place(uri: &str) -> Place {
        Place::find(&HadoopConf::from_properties([]), Some(uri)).unwrap()
    }

    #[test]
    fn a_token_tells_its_owner() {
        assert_eq!(owner(&token("")).as_deref(), Some("metron@EXAMPLE.TEST"));
        for identifier in [
            &b""[..],
            b"\0",
            b"\0\x05me",
            b"\x01\x02me",
            b"\0\0",
            b"\0\x02\xff\xff",
            b"\0\x8f\x80me",
        ] {
            let mut token = token("");
            token.identifier = identifier.to_vec();
            assert_eq!(owner(&token), None, "{identifier:?}");
        }
    }

    #[tokio::test]
    async fn a_token_is_found_by_name_and_by_address() {
        let services = services(&place("hdfs://localhost:8020")).await;
        assert_eq!(services.len(), 2, "{services:?}");
        assert!(
            services[0] == "127.0.0.1:8020"
                || services[0] == "[::1]:8020"
                || services[0] == "::1:8020"
        );
        assert_eq!(services[1], "localhost:8020");
        let credentials = with_services(&token(""), services);
        let named: Vec<(&str, &str)> = credentials
            .tokens
            .iter()
            .map(|(alias, token)| (alias.as_str(), token.service.as_str()))
            .collect();
        assert_eq!(named[1], ("localhost:8020", "localhost:8020"));
        assert_eq!(named[0].0, named[0].1);

        let conf = HadoopConf::from_properties([
            ("fs.defaultFS", "hdfs://ns1"),
            ("dfs.ha.namenodes.ns1", "a"),
            ("dfs.namenode.rpc-address.ns1.a", "one:8020"),
        ]);
        let nameservice = Place::find(&conf, None).unwrap();
        assert_eq!(super::services(&nameservice).await, ["ha-hdfs:ns1"]);
    }

    #[tokio::test]
    async fn the_url_is_the_one_that_a_token_is_for() {
        let place = place("hdfs://localhost:8020");
        let by_address = resolved(&place.name_nodes[0]).await.unwrap();
        let url = async |services: &[&str]| {
            let mut tokens = Credentials::default();
            for service in services {
                tokens.insert(service, token(service));
            }
            url_with_token(&place, &tokens).await
        };
        assert_eq!(url(&[]).await, "hdfs://localhost:8020");
        assert_eq!(url(&["other:8020"]).await, "hdfs://localhost:8020");
        assert_eq!(url(&[&by_address]).await, format!("hdfs://{by_address}"));
        assert_eq!(
            url(&[&by_address, "localhost:8020"]).await,
            "hdfs://localhost:8020"
        );
    }

    #[test]
    fn the_renewer_is_the_resource_manager() {
        let mut conf = HadoopConf::from_properties([("yarn.resourcemanager.hostname", "RM1")]);
        let error = renewer(&conf).unwrap_err().to_string();
        assert!(error.contains("yarn.resourcemanager.principal"), "{error}");
        conf.set("yarn.resourcemanager.principal", "rm/_HOST@A");
        assert_eq!(renewer(&conf).unwrap(), "rm/rm1@A");
    }

    #[tokio::test]
    async fn without_security_none_is_needed() {
        let conf = HadoopConf::from_properties([("fs.defaultFS", "hdfs://127.0.0.1:1")]);
        let fs = FileSystem::connect_as(&conf, None, "me").await.unwrap();
        assert_eq!(hdfs_credentials(&conf, &fs).await.unwrap(), None);
    }
}
