//! The registered instances together with what the service says of every instance that was asked for.

use std::fmt::Write as _;

use alidade_maas_core::{
    InstanceState, InstanceStatus, Listing, Percent, Registry, Rejection, ServiceInstance,
    ServiceStatus, Share, printable,
};
use serde::Serialize;

use crate::columns::aligned;
use crate::list::sorted_instances;
use crate::{DeployError, ListFilter};

/// Everything that is known about models.
#[derive(Debug, Serialize)]
pub struct Overview {
    /// Who serves the request queue; nothing when no service of this kind does.
    pub service: Option<String>,
    pub instances: Vec<InstanceLine>,
    /// Requests that could not be carried out, newest last.
    pub rejected: Vec<Rejection>,
    #[serde(skip)]
    pub listing: Listing,
}

/// One instance.
#[derive(Debug, Serialize)]
pub struct InstanceLine {
    pub name: String,
    pub version: String,
    /// What the version gets of the calls that name none.
    #[serde(flatten)]
    pub share: Share,
    /// The container id; nothing while it is not launched.
    pub id: Option<String>,
    /// As the service says. An instance of another service is `registered`, and no more is known of it.
    pub state: &'static str,
    pub url: Option<String>,
    /// Failures in a row; each but the last was answered by a new launch.
    pub failures: u32,
    pub last_failure: Option<String>,
    /// How long it has been registered, in seconds.
    pub age_seconds: Option<i64>,
    /// Where it runs and where its output goes.
    pub place: Option<String>,
}

/// Gathers the overview. `now_ms` is the clock, in epoch milliseconds.
///
/// # Errors
/// When the registry cannot be read.
pub async fn overview(
    registry: &dyn Registry,
    filter: &ListFilter,
    now_ms: i64,
) -> Result<Overview, DeployError> {
    let mut listing = sorted_instances(registry, filter).await?;
    let service = registry.holder().await?;
    let routings = registry.routings().await?.models;
    let share = |name: &str, version: &str| {
        let routing = routings.get(name);
        routing.map_or(Share::default(), |routing| routing.share(version))
    };
    // What a service that has gone said last is not the state of now.
    let status = match service {
        Some(_) => registry.published_status().await?.unwrap_or_default(),
        None => ServiceStatus::default(),
    };
    let age = |instance: &ServiceInstance| (now_ms - instance.registration_time_utc).max(0) / 1000;
    let mut instances: Vec<InstanceLine> = Vec::new();
    let mut registered = std::mem::take(&mut listing.instances);
    for told in &status.instances {
        if !filter.admits(&told.name, &told.version) {
            continue;
        }
        let at = registered
            .iter()
            .position(|instance| is_same(instance, told));
        let instance = at.map(|at| registered.remove(at));
        instances.push(InstanceLine {
            name: told.name.clone(),
            version: told.version.clone(),
            share: share(&told.name, &told.version),
            id: told.id.map(|id| id.to_string()),
            state: told.state.as_str(),
            url: told.url.clone(),
            failures: told.failures,
            last_failure: told.last_failure.clone(),
            age_seconds: instance.as_ref().map(age),
            place: told.place.clone(),
        });
    }
    // What is registered and the service does not speak of: it is another's.
    instances.extend(registered.iter().map(|instance| InstanceLine {
        name: instance.payload.name.clone(),
        version: instance.payload.version.clone(),
        share: share(&instance.payload.name, &instance.payload.version),
        id: Some(instance.id.clone()),
        state: "registered",
        url: Some(instance.payload.endpoint.url.clone()),
        failures: 0,
        last_failure: None,
        age_seconds: Some(age(instance)),
        place: None,
    }));
    Ok(Overview {
        service,
        instances,
        rejected: status.rejected,
        listing,
    })
}

fn is_same(instance: &ServiceInstance, told: &InstanceStatus) -> bool {
    let model = &instance.payload;
    model.name == told.name
        && model.version == told.version
        && told.id.is_some_and(|id| id.to_string() == instance.id)
}

/// Whether an instance of a model has been given up.
pub(crate) fn given_up<'s>(
    status: &'s ServiceStatus,
    name: &str,
    version: &str,
) -> Option<&'s str> {
    let lost = status.instances.iter().find(|told| {
        told.name == name && told.version == version && told.state == InstanceState::GivenUp
    })?;
    Some(lost.last_failure.as_deref().unwrap_or("no reason is known"))
}

const HEADERS: [&str; 8] = [
    "MODEL",
    "VERSION",
    "CONTAINER",
    "STATE",
    "FAILURES",
    "AGE",
    "URL",
    "PLACE",
];

impl Overview {
    /// A table, one line an instance, with a line below each that has failed, and the refused requests.
    pub fn table(&self) -> String {
        let has_shares = self.instances.iter().any(|line| !line.share.is_empty());
        let mut rows = vec![HEADERS.map(str::to_owned).to_vec()];
        rows.extend(self.instances.iter().map(|line| row(line).to_vec()));
        if has_shares {
            // Beside the version that they are said of.
            rows[0].splice(2..2, ["WEIGHT", "SHADOW"].map(str::to_owned));
            for (row, line) in rows.iter_mut().skip(1).zip(&self.instances) {
                let shares = [line.share.weight, line.share.shadow];
                row.splice(2..2, shares.map(share_or_dash));
            }
        }
        let mut text = String::new();
        for (at, line) in aligned(&rows).iter().enumerate() {
            text.push_str(line);
            text.push('\n');
            let failure = at
                .checked_sub(1)
                .and_then(|at| self.instances.get(at)?.last_failure.as_deref());
            if let Some(failure) = failure {
                let _ = writeln!(text, "  last failure: {}", printable(failure));
            }
        }
        for refused in &self.rejected {
            let (item, reason) = (printable(&refused.item), printable(&refused.reason));
            let _ = writeln!(text, "refused: {item}: {reason}");
        }
        text
    }

    /// # Errors
    /// None in practice: every field can be written.
    pub fn json(&self) -> Result<String, DeployError> {
        let text = serde_json::to_string_pretty(self).map_err(std::io::Error::from);
        Ok(text.map_err(DeployError::Output)? + "\n")
    }
}

pub(crate) fn share_or_dash(share: Option<Percent>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| share.to_string())
}

fn row(instance: &InstanceLine) -> [String; HEADERS.len()] {
    let or_dash = |text: &Option<String>| text.as_deref().map_or("-".to_owned(), printable);
    [
        printable(&instance.name),
        printable(&instance.version),
        or_dash(&instance.id),
        instance.state.to_owned(),
        instance.failures.to_string(),
        instance.age_seconds.map_or("-".to_owned(), age),
        or_dash(&instance.url),
        or_dash(&instance.place),
    ]
}

/// A length of time in its two largest units.
fn age(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {} min", minutes % 60),
        (_, _, _) => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, MemoryRegistry, Routing, ServiceType};

    use super::*;

    async fn registry() -> MemoryRegistry {
        let registry = MemoryRegistry::new();
        for (version, id) in [("1.0", 2), ("0.9", 7)] {
            let endpoint = Endpoint::at(&format!("http://node{id}:1"));
            let instance =
                ServiceInstance::new("dga", version, id, endpoint, ServiceType::Dynamic, 1_000);
            registry.register(&instance).await.unwrap();
        }
        let ready = InstanceStatus {
            state: InstanceState::Ready,
            id: Some(2),
            url: Some("http://node2:1".to_owned()),
            place: Some("/home/2".to_owned()),
            ..InstanceStatus::new("dga", "1.0")
        };
        let lost = InstanceStatus {
            state: InstanceState::GivenUp,
            failures: 5,
            last_failure: Some("exit code 1\u{7}".to_owned()),
            ..InstanceStatus::new("dga", "1.0")
        };
        let status = ServiceStatus {
            running: true,
            instances: vec![ready, lost],
            rejected: vec![Rejection {
                item: "{".to_owned(),
                reason: "no JSON".to_owned(),
            }],
            ..ServiceStatus::default()
        };
        let document = serde_json::to_vec(&status).unwrap();
        registry.publish_status(&document).await.unwrap();
        registry.claim("service@node1").await.unwrap();
        registry
    }

    #[tokio::test]
    async fn the_table_joins_what_is_registered_with_what_the_service_says() {
        let overview = overview(&registry().await, &ListFilter::default(), 66_000)
            .await
            .unwrap();
        let expected = "\
MODEL  VERSION  CONTAINER  STATE       FAILURES  AGE        URL             PLACE
dga    1.0      2          ready       0         1 min 5 s  http://node2:1  /home/2
dga    1.0      -          given up    5         -          -               -
  last failure: exit code 1\u{fffd}
dga    0.9      7          registered  0         1 min 5 s  http://node7:1  -
refused: {: no JSON
";
        assert_eq!(overview.table(), expected);
        let json: serde_json::Value = serde_json::from_str(&overview.json().unwrap()).unwrap();
        assert_eq!(json["service"], "service@node1");
        assert_eq!(json["instances"][1]["state"], "given up");
        assert_eq!(json["instances"][2]["age_seconds"], 65);
    }

    #[tokio::test]
    async fn shares_stand_beside_the_versions_that_have_some() {
        let registry = registry().await;
        registry.release().await.unwrap();
        let node = br#"{"versions":{"1.0":{"weight":12.5},"0.9":{"shadow":5}}}"#;
        let routing = Routing::read(node).unwrap();
        let nothing = Routing::default();
        let set = registry.set_routing("dga", &nothing, &routing);
        assert!(set.await.unwrap());
        let overview = overview(&registry, &ListFilter::default(), 2_000)
            .await
            .unwrap();
        let expected = "\
MODEL  VERSION  WEIGHT  SHADOW  CONTAINER  STATE       FAILURES  AGE  URL             PLACE
dga    0.9      -       5       7          registered  0         1 s  http://node7:1  -
dga    1.0      12.5    -       2          registered  0         1 s  http://node2:1  -
";
        assert_eq!(overview.table(), expected);
        let json: serde_json::Value = serde_json::from_str(&overview.json().unwrap()).unwrap();
        assert_eq!(json["instances"][1]["weight"], 12.5);
        assert_eq!(json["instances"][0]["shadow"], 5);
        assert!(json["instances"][0].get("weight").is_none());
    }

    #[tokio::test]
    async fn what_a_service_that_has_gone_said_does_not_count() {
        let registry = registry().await;
        registry.release().await.unwrap();
        let filter = ListFilter {
            name: None,
            version: Some("1.0".to_owned()),
        };
        let overview = overview(&registry, &filter, 2_000).await.unwrap();
        let states: Vec<_> = overview.instances.iter().map(|line| line.state).collect();
        assert_eq!(states, ["registered"]);
        assert_eq!(age(200_000), "2 d 7 h");
        assert_eq!(age(7_260), "2 h 1 min");
    }
}
