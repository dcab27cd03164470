//! Names of applications, attempts, containers and nodes, in the texts that YARN shows.

use std::fmt;
use std::str::FromStr;

use crate::HadoopError;
use crate::address::ServerAddress;
use crate::proto::yarn::{
    ApplicationAttemptIdProto, ApplicationIdProto, ContainerIdProto, NodeIdProto,
};

/// `application_<start of the resource manager, ms>_<number>`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplicationId {
    pub cluster_timestamp: i64,
    pub number: i32,
}

/// One run of an application's master; the first is number 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApplicationAttemptId {
    pub application: ApplicationId,
    pub number: i32,
}

/// A container, with the attempt that it was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ContainerId {
    pub attempt: ApplicationAttemptId,
    /// The epoch (restarts of the resource manager) in the upper 24 bits, and a sequence number.
    pub number: i64,
}

/// Where a node manager listens: its name among the nodes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId {
    pub host: String,
    pub port: u16,
}

const SEQUENCE_BITS: u32 = 40;

impl ContainerId {
    /// How often the resource manager had been restarted.
    pub fn epoch(&self) -> i64 {
        self.number >> SEQUENCE_BITS
    }

    /// The number within its epoch.
    pub fn sequence(&self) -> i64 {
        self.number & ((1 << SEQUENCE_BITS) - 1)
    }

    /// The container this process runs in, from `CONTAINER_ID`; none outside of YARN.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when the variable is not a container's id.
    pub fn from_environment() -> Result<Option<ContainerId>, HadoopError> {
        match std::env::var("CONTAINER_ID") {
            Ok(text) => text.parse().map(Some),
            Err(_) => Ok(None),
        }
    }
}

impl NodeId {
    pub(crate) fn address(&self) -> ServerAddress {
        ServerAddress::new(&self.host, self.port)
    }
}

impl fmt::Display for ApplicationId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (timestamp, number) = (self.cluster_timestamp, self.number);
        write!(formatter, "application_{timestamp}_{number:04}")
    }
}

impl fmt::Display for ApplicationAttemptId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApplicationId {
            cluster_timestamp,
            number,
        } = self.application;
        let attempt = self.number;
        write!(
            formatter,
            "appattempt_{cluster_timestamp}_{number:04}_{attempt:06}"
        )
    }
}

impl fmt::Display for ContainerId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ApplicationId {
            cluster_timestamp,
            number,
        } = self.attempt.application;
        let attempt = self.attempt.number;
        let (epoch, sequence) = (self.epoch(), self.sequence());
        formatter.write_str("container_")?;
        if epoch > 0 {
            write!(formatter, "e{epoch:02}_")?;
        }
        write!(
            formatter,
            "{cluster_timestamp}_{number:04}_{attempt:02}_{sequence:06}"
        )
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.address())
    }
}

/// The numbers of `<prefix>_<number>_<number>...`, none of them negative.
fn numbers<const N: usize>(text: &str, prefix: &str) -> Option<[i64; N]> {
    let mut parts = text.strip_prefix(prefix)?.split('_');
    let mut numbers = [0; N];
    for number in &mut numbers {
        let part = parts.next()?;
        if !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn application_id([cluster_timestamp, number]: [i64; 2]) -> Option<ApplicationId> {
    Some(ApplicationId {
        cluster_timestamp,
        number: i32::try_from(number).ok()?,
    })
}

fn attempt_id([timestamp, application, attempt]: [i64; 3]) -> Option<ApplicationAttemptId> {
    Some(ApplicationAttemptId {
        application: application_id([timestamp, application])?,
        number: i32::try_from(attempt).ok()?,
    })
}

fn container_id(text: &str) -> Option<ContainerId> {
    let rest = text.strip_prefix("container_")?;
    let (epoch, [timestamp, application, attempt, sequence]) = match rest.strip_prefix('e') {
        None => (0, numbers(rest, "")?),
        Some(rest) => {
            let [epoch, timestamp, application, attempt, sequence] = numbers(rest, "")?;
            (epoch, [timestamp, application, attempt, sequence])
        }
    };
    if epoch >= 1 << (63 - SEQUENCE_BITS) || sequence >= 1 << SEQUENCE_BITS {
        return None;
    }
    Some(ContainerId {
        attempt: attempt_id([timestamp, application, attempt])?,
        number: epoch << SEQUENCE_BITS | sequence,
    })
}

fn not_an_id(text: &str, form: &str) -> HadoopError {
    HadoopError::Invalid(format!("{text:?} is not of the form {form}"))
}

impl FromStr for ApplicationId {
    type Err = HadoopError;

    fn from_str(text: &str) -> Result<Self, HadoopError> {
        let id = numbers(text, "application_").and_then(application_id);
        id.ok_or_else(|| not_an_id(text, "application_<timestamp>_<number>"))
    }
}

impl FromStr for ApplicationAttemptId {
    type Err = HadoopError;

    fn from_str(text: &str) -> Result<Self, HadoopError> {
        let id = numbers(text, "appattempt_").and_then(attempt_id);
        id.ok_or_else(|| not_an_id(text, "appattempt_<timestamp>_<application>_<attempt>"))
    }
}

impl FromStr for ContainerId {
    type Err = HadoopError;

    fn from_str(text: &str) -> Result<Self, HadoopError> {
        container_id(text).ok_or_else(|| {
            let form = "container_[e<epoch>_]<timestamp>_<application>_<attempt>_<number>";
            not_an_id(text, form)
        })
    }
}

impl From<ApplicationId> for ApplicationIdProto {
    fn from(id: ApplicationId) -> Self {
        Self {
            id: Some(id.number),
            cluster_timestamp: Some(id.cluster_timestamp),
        }
    }
}

impl From<ApplicationIdProto> for ApplicationId {
    fn from(id: ApplicationIdProto) -> Self {
        Self {
            cluster_timestamp: id.cluster_timestamp(),
            number: id.id(),
        }
    }
}

impl From<ApplicationAttemptId> for ApplicationAttemptIdProto {
    fn from(id: ApplicationAttemptId) -> Self {
        Self {
            application_id: Some(id.application.into()),
            attempt_id: Some(id.number),
        }
    }
}

impl From<ApplicationAttemptIdProto> for ApplicationAttemptId {
    fn from(id: ApplicationAttemptIdProto) -> Self {
        Self {
            application: id.application_id.unwrap_or_default().into(),
            number: id.attempt_id(),
        }
    }
}

impl From<ContainerId> for ContainerIdProto {
    fn from(id: ContainerId) -> Self {
        Self {
            app_id: None,
            app_attempt_id: Some(id.attempt.into()),
            id: Some(id.number),
        }
    }
}

impl From<ContainerIdProto> for ContainerId {
    fn from(id: ContainerIdProto) -> Self {
        Self {
            number: id.id(),
            attempt: id.app_attempt_id.unwrap_or_default().into(),
        }
    }
}

impl From<NodeId> for NodeIdProto {
    fn from(id: NodeId) -> Self {
        Self {
            host: Some(id.host),
            port: Some(i32::from(id.port)),
        }
    }
}

/// A port that is none becomes 0, where nobody listens.
impl From<NodeIdProto> for NodeId {
    fn from(id: NodeIdProto) -> Self {
        Self {
            port: u16::try_from(id.port()).unwrap_or(0),
            host: id.host.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ATTEMPT: ApplicationAttemptId = ApplicationAttemptId {
        application: ApplicationId {
            cluster_timestamp: 1_700_000_000_000,
            number: 7,
        },
        number: 1,
    };

    #[test]
    fn texts_are_those_of_java() {
        let container = |number| ContainerId {
            attempt: ATTEMPT,
            number,
        };
        let cases = [
            (
                ATTEMPT.application.to_string(),
                "application_1700000000000_0007",
            ),
            (ATTEMPT.to_string(), "appattempt_1700000000000_0007_000001"),
            (
                container(2).to_string(),
                "container_1700000000000_0007_01_000002",
            ),
            (
                container((17 << 40) + 12_345_678).to_string(),
                "container_e17_1700000000000_0007_01_12345678",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(text, expected);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "application_1",
            "application_1_2_3",
            "application_1_-2",
            "application_1_99999999999",
            "application_1_+2",
            "application__2",
            "job_1_2",
        ] {
            let error = text.parse::<ApplicationId>().unwrap_err().to_string();
            assert!(
                error.contains("application_<timestamp>_<number>"),
                "{error}"
            );
        }
        for text in [
            "container_1_2_3",
            "container_e1_2_3_4",
            "container_e8388608_1_1_1_1",
            "container_1_1_1_1099511627776",
        ] {
            assert!(text.parse::<ContainerId>().is_err(), "{text}");
        }
        assert!("appattempt_1_2".parse::<ApplicationAttemptId>().is_err());
    }

    proptest! {
        #[test]
        fn ids_read_back(
            cluster_timestamp in 0..i64::MAX,
            application in 0..i32::MAX,
            attempt in 0..i32::MAX,
            number in 0..i64::MAX,
        ) {
            let application = ApplicationId { cluster_timestamp, number: application };
            prop_assert_eq!(application.to_string().parse::<ApplicationId>().unwrap(), application);
            prop_assert_eq!(ApplicationId::from(ApplicationIdProto::from(application)), application);
            let attempt = ApplicationAttemptId { application, number: attempt };
            prop_assert_eq!(attempt.to_string().parse::<ApplicationAttemptId>().unwrap(), attempt);
            let container = ContainerId { attempt, number };
            prop_assert_eq!(container.to_string().parse::<ContainerId>().unwrap(), container);
            prop_assert_eq!(ContainerId::from(ContainerIdProto::from(container)), container);
        }

        #[test]
        fn any_text_is_an_id_or_refused(text in "(container|application)_[e0-9_]{0,30}") {
            let _ = text.parse::<ContainerId>();
            let _ = text.parse::<ApplicationId>();
        }
    }
}
