//! Which file system, and where its NameNodes are.

use crate::{HadoopConf, HadoopError, ServerAddress};

const DEFAULT_FILE_SYSTEM: &str = "fs.defaultFS";

/// Where NameNodes listen when a URI has no port.
const DEFAULT_PORT: u16 = 8020;

/// A file system of HDFS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `hdfs://` and the authority, in lower case, without a slash at the end.
    pub(super) uri: String,
    /// When the authority is not a host: the name of several NameNodes, one of which is active.
    pub(super) nameservice: Option<String>,
    /// At least one.
    pub(super) name_nodes: Vec<ServerAddress>,
}

impl Place {
    /// The file system of `uri`, or that of the configuration.
    pub(super) fn find(conf: &HadoopConf, uri: Option<&str>) -> Result<Place, HadoopError> {
        match uri.map(str::trim) {
            Some(uri) => match authority(uri) {
                Ok("") => Self::default_of(conf),
                Ok(authority) => Self::of_authority(conf, authority),
                Err(reason) => Err(HadoopError::Invalid(reason)),
            },
            None => Self::default_of(conf),
        }
    }

    fn default_of(conf: &HadoopConf) -> Result<Place, HadoopError> {
        let Some(uri) = conf.get(DEFAULT_FILE_SYSTEM)? else {
            let reason = "it is not set: it must name the cluster's file system, as hdfs://host:port or \
                          hdfs://nameservice";
            return Err(conf.wrong(DEFAULT_FILE_SYSTEM, reason));
        };
        match authority(&uri) {
            Ok("") => Err(conf.wrong(
                DEFAULT_FILE_SYSTEM,
                format!("{uri:?} names no host and no nameservice"),
            )),
            Ok(authority) => Self::of_authority(conf, authority),
            Err(reason) => Err(conf.wrong(DEFAULT_FILE_SYSTEM, reason)),
        }
    }

    fn of_authority(conf: &HadoopConf, authority: &str) -> Result<Place, HadoopError> {
        let ids_key = format!("dfs.ha.namenodes.{authority}");
        let ids = conf.list(&ids_key)?;
        if ids.is_empty() {
            let mut address = ServerAddress::parse(authority, Some(DEFAULT_PORT))
                .map_err(|reason| HadoopError::Invalid(format!("hdfs://{authority}: {reason}")))?;
            address.host = address.host.to_lowercase();
            return Ok(Place {
                uri: format!("hdfs://{address}"),
                nameservice: None,
                name_nodes: vec![address],
            });
        }
        let mut name_nodes = Vec::with_capacity(ids.len());
        for id in ids {
            let key = format!("dfs.namenode.rpc-address.{authority}.{id}");
            let Some(text) = conf.get(&key)? else {
                let reason = format!("it is not set, though {ids_key} names {id:?}");
                return Err(conf.wrong(&key, reason));
            };
            let mut address = ServerAddress::parse(&text, Some(DEFAULT_PORT))
                .map_err(|reason| conf.wrong(&key, reason))?;
            address.host = address.host.to_lowercase();
            name_nodes.push(address);
        }
        Ok(Place {
            uri: format!("hdfs://{authority}"),
            nameservice: Some(authority.to_owned()),
            name_nodes,
        })
    }

    /// Whether a URL with this authority is in this file system.
    pub(super) fn is_authority(&self, authority: &str) -> bool {
        if let Some(nameservice) = &self.nameservice {
            return nameservice.eq_ignore_ascii_case(authority);
        }
        let address = ServerAddress::parse(authority, Some(DEFAULT_PORT));
        address.is_ok_and(|address| {
            address
                .to_string()
                .eq_ignore_ascii_case(self.uri.trim_start_matches("hdfs://"))
        })
    }
}

/// The part of a URI that names the server; empty when it has none.
fn authority(uri: &str) -> Result<&str, String> {
    let expected = "a file system of HDFS is named as hdfs://host:port or hdfs://nameservice";
    let (scheme, rest) = uri
        .split_once(':')
        .ok_or_else(|| format!("{uri:?} is no URI: {expected}"))?;
    if !scheme.eq_ignore_ascii_case("hdfs") {
        return Err(format!("{uri:?} is not in HDFS: {expected}"));
    }
    let Some(rest) = rest.strip_prefix("//") else {
        return if rest == "/" {
            Ok("")
        } else {
            Err(format!("{uri:?} is not understood: {expected}"))
        };
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_strange = |it: char| it.is_control() || it.is_whitespace() || "@?#%\\".contains(it);
    if path.len() > 1 || authority.contains(is_strange) {
        return Err(format!("{uri:?} is not understood: {expected}"));
    }
    Ok(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(properties: &[(&str, &str)], uri: Option<&str>) -> Result<Place, String> {
        let conf = HadoopConf::from_properties(properties.iter().copied());
        Place::find(&conf, uri).map_err(|error| error.to_string())
    }

    #[test]
    fn one_name_node() {
        let by_default = [("fs.defaultFS", "hdfs://NN1.example.com/")];
        let place = find(&by_default, None).unwrap();
        assert_eq!(place.uri, "hdfs://nn1.example.com:8020");
        assert_eq!(place.nameservice, None);
        assert_eq!(
            place.name_nodes,
            [ServerAddress::new("nn1.example.com", 8020)]
        );
        assert_eq!(find(&by_default, Some("hdfs:///")).unwrap(), place);
        assert_eq!(
            find(&by_default, Some("hdfs://nn2:9000")).unwrap().uri,
            "hdfs://nn2:9000"
        );
        let version_6 = find(&[], Some("hdfs://[::1]:9000")).unwrap();
        assert_eq!(version_6.uri, "hdfs://[::1]:9000");
        assert!(version_6.is_authority("[::1]:9000"));
        assert!(place.is_authority("nn1.Example.com"));
        assert!(!place.is_authority("nn1.example.com:9000"));
    }

    #[test]
    fn a_nameservice_has_several() {
        let mut properties = vec![
            ("fs.defaultFS", "hdfs://ns1"),
            ("dfs.ha.namenodes.ns1", "a, b"),
            ("dfs.namenode.rpc-address.ns1.a", "One:9000"),
            ("dfs.namenode.rpc-address.ns1.b", "two"),
        ];
        let place = find(&properties, None).unwrap();
        assert_eq!(
            (place.uri.as_str(), place.nameservice.as_deref()),
            ("hdfs://ns1", Some("ns1"))
        );
        let expected = [
            ServerAddress::new("one", 9000),
            ServerAddress::new("two", 8020),
        ];
        assert_eq!(place.name_nodes, expected);
        assert!(place.is_authority("ns1"));
        assert!(!place.is_authority("one:9000"));

        properties.pop();
        let error = find(&properties, None).unwrap_err();
        assert!(
            error.contains("dfs.namenode.rpc-address.ns1.b: it is not set"),
            "{error}"
        );
    }

    #[test]
    fn other_uris_are_refused() {
        let cases = [
            (None, "given settings: fs.defaultFS: it is not set"),
            (Some("file:///"), "is not in HDFS"),
            (Some("viewfs://cluster"), "is not in HDFS"),
            (Some("nn1"), "is no URI"),
            (Some("hdfs://nn1:0"), "is not of the form host:port"),
            (Some("hdfs://nn1:8020/folder"), "is not understood"),
            (Some("hdfs://me@nn1"), "is not understood"),
            (Some("hdfs:nn1"), "is not understood"),
        ];
        for (uri, reason) in cases {
            let properties: &[(&str, &str)] = &[];
            let error = find(properties, uri).unwrap_err();
            assert!(error.contains(reason), "{uri:?}: {error}");
        }
        let error = find(&[("fs.defaultFS", "file:///")], None).unwrap_err();
        assert!(
            error.contains("fs.defaultFS: \"file:///\" is not in HDFS"),
            "{error}"
        );
    }
}
