//! What a container is to run.

use std::collections::BTreeMap;

use super::shell;
use crate::proto::yarn::{
    ApplicationAccessTypeProto, ApplicationAclMapProto, ContainerLaunchContextProto,
    ContainerRetryContextProto, ContainerRetryPolicyProto, LocalResourceProto,
    LocalResourceTypeProto, LocalResourceVisibilityProto, StringLocalResourceMapProto,
    StringStringMapProto, UrlProto,
};
use crate::{Credentials, HadoopError, TokenFileFormat};

/// The command of a container, and what it needs.
#[derive(Debug, Clone, Default)]
pub struct LaunchContext {
    /// For a shell, inside of double quotes of another (see [`shell`]). `<LOG_DIR>` stands for the container's log
    /// directory, `{{NAME}}` for an environment variable of the node.
    pub command: String,
    /// Name and value, as they go into double quotes of the launch script; see [`Self::with_environment`].
    pub environment: BTreeMap<String, String>,
    /// Files that the node manager fetches, under the names by which the working directory shows them. A name may have
    /// slashes.
    pub local_resources: BTreeMap<String, LocalResource>,
    /// Tokens for the container's token file. None are needed on a cluster without security.
    pub credentials: Option<Credentials>,
    /// Let the node manager start the command again when it ends.
    pub retry: Option<ContainerRetry>,
    /// Users and groups (`user1,user2 group1,group2`, or `*`) that may see the application and its logs. Counts in the
    /// application master's context.
    pub viewers: Option<String>,
    /// Users and groups that may kill the application.
    pub modifiers: Option<String>,
}

/// Starting a command again in its container, without asking the application master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContainerRetry {
    /// -1: for ever.
    pub max_retries: i32,
    /// Between the end and the next start.
    pub interval_ms: i32,
}

/// A file for a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalResource {
    pub scheme: String,
    /// NameNode or nameservice; empty where the scheme has none (`file`).
    pub host: String,
    pub port: Option<u16>,
    /// As the file system shows it, without `%XX`.
    pub path: String,
    /// Bytes. Must be the file's.
    pub size: i64,
    /// Epoch milliseconds of the last modification. Must be the file's, or the container fails.
    pub modified_ms: i64,
    pub kind: LocalResourceKind,
    pub visibility: LocalResourceVisibility,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalResourceKind {
    File,
    /// Unpacked, by the name's ending (`.zip`, `.jar`, `.tar`, `.tar.gz`, `.tgz`), into a directory.
    Archive,
}

/// Who shares the node's copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalResourceVisibility {
    /// Everybody; the file and its directories must be readable for all.
    Public,
    /// The user.
    Private,
    /// The application.
    Application,
}

impl LaunchContext {
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            command: command.into(),
            ..Self::default()
        }
    }

    /// Sets a variable to exactly this value.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when the name is none, or the value cannot be passed on (see [`shell::value`]).
    pub fn with_environment(mut self, name: &str, value: &str) -> Result<Self, HadoopError> {
        let is_name = !name.is_empty()
            && !name.starts_with(|first: char| first.is_ascii_digit())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            return Err(HadoopError::Invalid(format!(
                "{name:?} is not a name of an environment variable"
            )));
        }
        self.environment
            .insert(name.to_owned(), shell::value(value)?);
        Ok(self)
    }
}

impl LocalResource {
    /// A file of the application's, by its URL (`hdfs://nameservice/path`, `hdfs://host:port/path`, `file:///path`).
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when it is no such URL.
    pub fn from_url(url: &str, size: i64, modified_ms: i64) -> Result<Self, HadoopError> {
        let wrong = || {
            HadoopError::Invalid(format!(
                "{url:?} is not a full URL of a file, such as hdfs://host:port/path"
            ))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(wrong)?;
        let path_start = rest.find('/').ok_or_else(wrong)?;
        let (authority, path) = rest.split_at(path_start);
        if scheme.is_empty() || authority.contains('@') {
            return Err(wrong());
        }
        let (host, port) = match authority.rsplit_once(':') {
            None => (authority, None),
            Some((host, port)) => (host, Some(port.parse().map_err(|_| wrong())?)),
        };
        Ok(Self {
            scheme: scheme.to_owned(),
            host: host.to_owned(),
            port,
            path: path.to_owned(),
            size,
            modified_ms,
            kind: LocalResourceKind::File,
            visibility: LocalResourceVisibility::Application,
        })
    }
}

impl From<&LocalResource> for LocalResourceProto {
    fn from(resource: &LocalResource) -> Self {
        let kind = match resource.kind {
            LocalResourceKind::File => LocalResourceTypeProto::File,
            LocalResourceKind::Archive => LocalResourceTypeProto::Archive,
        };
        let visibility = match resource.visibility {
            LocalResourceVisibility::Public => LocalResourceVisibilityProto::Public,
            LocalResourceVisibility::Private => LocalResourceVisibilityProto::Private,
            LocalResourceVisibility::Application => LocalResourceVisibilityProto::Application,
        };
        let host = (!resource.host.is_empty()).then(|| resource.host.clone());
        Self {
            resource: Some(UrlProto {
                scheme: Some(resource.scheme.clone()),
                host,
                // Left out, it would be read as port 0.
                port: Some(resource.port.map_or(-1, i32::from)),
                file: Some(resource.path.clone()),
                user_info: None,
            }),
            size: Some(resource.size),
            timestamp: Some(resource.modified_ms),
            r#type: Some(kind.into()),
            visibility: Some(visibility.into()),
            pattern: None,
            should_be_uploaded_to_shared_cache: None,
        }
    }
}

impl From<&LaunchContext> for ContainerLaunchContextProto {
    fn from(context: &LaunchContext) -> Self {
        let resources = context.local_resources.iter();
        let environment = context.environment.iter();
        let access = |kind: ApplicationAccessTypeProto, acl: &Option<String>| {
            acl.as_ref().map(|acl| ApplicationAclMapProto {
                access_type: Some(kind.into()),
                acl: Some(acl.clone()),
            })
        };
        let acls = [
            access(
                ApplicationAccessTypeProto::AppaccessViewApp,
                &context.viewers,
            ),
            access(
                ApplicationAccessTypeProto::AppaccessModifyApp,
                &context.modifiers,
            ),
        ];
        Self {
            local_resources: resources
                .map(|(name, resource)| StringLocalResourceMapProto {
                    key: Some(name.clone()),
                    value: Some(resource.into()),
                })
                .collect(),
            tokens: context
                .credentials
                .as_ref()
                .map(|credentials| credentials.to_bytes(TokenFileFormat::Writable)),
            service_data: Vec::new(),
            environment: environment
                .map(|(name, value)| StringStringMapProto {
                    key: Some(name.clone()),
                    value: Some(value.clone()),
                })
                .collect(),
            command: vec![context.command.clone()],
            application_ac_ls: acls.into_iter().flatten().collect(),
            container_retry_context: context.retry.map(|retry| ContainerRetryContextProto {
                retry_policy: Some(ContainerRetryPolicyProto::RetryOnAllErrors.into()),
                error_codes: Vec::new(),
                max_retries: Some(retry.max_retries),
                retry_interval: Some(retry.interval_ms),
                failures_validity_interval: None,
            }),
            tokens_conf: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let proto = |url| {
            let resource = LocalResource::from_url(url, 5, 6).unwrap();
            let resource = LocalResourceProto::from(&resource).resource.unwrap();
            let UrlProto {
                scheme,
                host,
                port,
                file,
                ..
            } = resource;
            (scheme.unwrap(), host, port.unwrap(), file.unwrap())
        };
        let host = |name: &str| Some(name.to_owned());
        assert_eq!(
            proto("hdfs://nn:8020/a b/c"),
            ("hdfs".into(), host("nn"), 8020, "/a b/c".into())
        );
        assert_eq!(
            proto("hdfs://ns1/a"),
            ("hdfs".into(), host("ns1"), -1, "/a".into())
        );
        assert_eq!(proto("file:///a"), ("file".into(), None, -1, "/a".into()));
        for url in [
            "",
            "/a",
            "hdfs://nn",
            "hdfs://nn:x/a",
            "://nn/a",
            "hdfs://u@nn/a",
        ] {
            assert!(LocalResource::from_url(url, 0, 0).is_err(), "{url}");
        }
    }

    #[test]
    fn variables_need_a_name() {
        let context = LaunchContext::new("true");
        assert!(context.clone().with_environment("A_1", "$x").is_ok());
        for name in ["", "1A", "A-B", "A=B", "A B", "Ä"] {
            assert!(
                context.clone().with_environment(name, "x").is_err(),
                "{name}"
            );
        }
        let context = context.with_environment("A", "$x").unwrap();
        assert_eq!(context.environment["A"], "\\$x");
    }
}
