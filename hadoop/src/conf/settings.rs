//! Typed access to what the clients need.

use super::HadoopConf;
use crate::HadoopError;
use crate::address::ServerAddress;

/// How clients prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authentication {
    /// They say so.
    Simple,
    Kerberos,
}

/// What happens to the bytes of a connection that has been authenticated by SASL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protection {
    /// Nothing.
    Authentication,
    /// They cannot be changed on the way.
    Integrity,
    /// Nor be read.
    Privacy,
}

/// The resource manager's ports that clients use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceManagerPort {
    /// `yarn.resourcemanager.address`: for those who submit applications.
    Client,
    /// `yarn.resourcemanager.scheduler.address`: for application masters.
    Scheduler,
}

impl ResourceManagerPort {
    fn key(self) -> &'static str {
        match self {
            ResourceManagerPort::Client => "yarn.resourcemanager.address",
            ResourceManagerPort::Scheduler => "yarn.resourcemanager.scheduler.address",
        }
    }

    fn default(self) -> u16 {
        match self {
            ResourceManagerPort::Client => 8032,
            ResourceManagerPort::Scheduler => 8030,
        }
    }
}

pub(crate) const RESOURCE_MANAGER_PRINCIPAL: &str = "yarn.resourcemanager.principal";
const HOSTNAME: &str = "yarn.resourcemanager.hostname";
/// What Hadoop takes when no host is configured: on Linux, connecting there reaches this machine.
const DEFAULT_HOSTNAME: &str = "0.0.0.0";

impl HadoopConf {
    /// The resource managers: one, or with high availability those of `yarn.resourcemanager.ha.rm-ids`, in that order.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when an address is not one, or high availability is on and names no resource
    /// manager.
    pub fn resource_managers(
        &self,
        port: ResourceManagerPort,
    ) -> Result<Vec<ServerAddress>, HadoopError> {
        if !self.boolean("yarn.resourcemanager.ha.enabled", false)? {
            let hostname = self.get_or(HOSTNAME, DEFAULT_HOSTNAME)?;
            return Ok(vec![self.address(port.key(), port, &hostname)?]);
        }
        let ids_key = "yarn.resourcemanager.ha.rm-ids";
        let ids = self.list(ids_key)?;
        if ids.is_empty() {
            let reason = "high availability is on (yarn.resourcemanager.ha.enabled), so that the ids of the \
                          resource managers must be listed here";
            return Err(self.wrong(ids_key, reason));
        }
        let mut servers = Vec::with_capacity(ids.len());
        for id in ids {
            let key = format!("{}.{id}", port.key());
            let hostname_key = format!("{HOSTNAME}.{id}");
            let hostname = self.get(&hostname_key)?;
            if hostname.is_none() && self.get(&key)?.is_none() {
                let reason = format!("neither it nor {hostname_key} is set");
                return Err(self.wrong(&key, reason));
            }
            servers.push(self.address(&key, port, &hostname.unwrap_or_default())?);
        }
        Ok(servers)
    }

    fn address(
        &self,
        key: &str,
        port: ResourceManagerPort,
        hostname: &str,
    ) -> Result<ServerAddress, HadoopError> {
        match self.get(key)? {
            None => Ok(ServerAddress::new(hostname, port.default())),
            Some(text) => ServerAddress::parse(&text, Some(port.default()))
                .map_err(|reason| self.wrong(key, reason)),
        }
    }

    /// `hadoop.security.authentication`.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when it is neither `simple` nor `kerberos`.
    pub fn authentication(&self) -> Result<Authentication, HadoopError> {
        let key = "hadoop.security.authentication";
        match self.get_or(key, "simple")?.to_lowercase().as_str() {
            "simple" => Ok(Authentication::Simple),
            "kerberos" => Ok(Authentication::Kerberos),
            other => Err(self.wrong(
                key,
                format!("{other:?} is neither \"simple\" nor \"kerberos\""),
            )),
        }
    }

    /// `hadoop.rpc.protection`: those that may be agreed on, the preferred one first.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when one is not known.
    pub fn rpc_protection(&self) -> Result<Vec<Protection>, HadoopError> {
        let key = "hadoop.rpc.protection";
        let mut protections = Vec::new();
        for name in self.list(key)? {
            protections.push(match name.to_lowercase().as_str() {
                "authentication" => Protection::Authentication,
                "integrity" => Protection::Integrity,
                "privacy" => Protection::Privacy,
                other => {
                    let reason = format!(
                        "{other:?} is not one of \"authentication\", \"integrity\" and \"privacy\""
                    );
                    return Err(self.wrong(key, reason));
                }
            });
        }
        if protections.is_empty() {
            protections.push(Protection::Authentication);
        }
        Ok(protections)
    }

    /// `yarn.resourcemanager.principal`: who the resource managers are, and who renews an application's tokens. May
    /// contain `_HOST`.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn resource_manager_principal(&self) -> Result<Option<String>, HadoopError> {
        self.get(RESOURCE_MANAGER_PRINCIPAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(properties: &[(&str, &str)], port: ResourceManagerPort) -> Result<String, String> {
        let conf = HadoopConf::from_properties(properties.iter().copied());
        let servers = conf
            .resource_managers(port)
            .map_err(|error| error.to_string())?;
        let texts: Vec<String> = servers.iter().map(ToString::to_string).collect();
        Ok(texts.join(" "))
    }

    #[test]
    fn one_resource_manager() {
        use ResourceManagerPort::{Client, Scheduler};
        assert_eq!(addresses(&[], Client).unwrap(), "0.0.0.0:8032");
        let by_host = [("yarn.resourcemanager.hostname", "rm")];
        assert_eq!(addresses(&by_host, Client).unwrap(), "rm:8032");
        assert_eq!(addresses(&by_host, Scheduler).unwrap(), "rm:8030");
        let by_variable = [
            ("yarn.resourcemanager.hostname", "rm"),
            (
                "yarn.resourcemanager.address",
                "${yarn.resourcemanager.hostname}:8050",
            ),
        ];
        assert_eq!(addresses(&by_variable, Client).unwrap(), "rm:8050");
        let wrong = addresses(&[("yarn.resourcemanager.address", "rm:port")], Client);
        assert!(
            wrong
                .unwrap_err()
                .contains("yarn.resourcemanager.address: \"rm:port\""),
        );
    }

    #[test]
    fn several_resource_managers() {
        use ResourceManagerPort::{Client, Scheduler};
        let mut properties = vec![
            ("yarn.resourcemanager.ha.enabled", "true"),
            ("yarn.resourcemanager.ha.rm-ids", "rm1, rm2"),
            ("yarn.resourcemanager.hostname.rm1", "one"),
            ("yarn.resourcemanager.address.rm2", "two:1"),
        ];
        assert_eq!(addresses(&properties, Client).unwrap(), "one:8032 two:1");
        let error = addresses(&properties, Scheduler).unwrap_err();
        assert!(
            error.contains("neither it nor yarn.resourcemanager.hostname.rm2"),
            "{error}"
        );
        properties.remove(1);
        let error = addresses(&properties, Client).unwrap_err();
        assert!(error.contains("yarn.resourcemanager.ha.rm-ids"), "{error}");
    }

    #[test]
    fn security() {
        let conf = HadoopConf::from_properties([]);
        assert_eq!(conf.authentication().unwrap(), Authentication::Simple);
        assert_eq!(conf.rpc_protection().unwrap(), [Protection::Authentication]);
        let conf = HadoopConf::from_properties([
            ("hadoop.security.authentication", "Kerberos"),
            ("hadoop.rpc.protection", "privacy,integrity"),
        ]);
        assert_eq!(conf.authentication().unwrap(), Authentication::Kerberos);
        assert_eq!(
            conf.rpc_protection().unwrap(),
            [Protection::Privacy, Protection::Integrity]
        );
        let conf = HadoopConf::from_properties([
            ("hadoop.security.authentication", "token"),
            ("hadoop.rpc.protection", "secret"),
        ]);
        assert!(conf.authentication().is_err());
        assert!(conf.rpc_protection().is_err());
    }
}
