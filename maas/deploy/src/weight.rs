//! What the versions of a model get of the calls that name no version.

use std::collections::BTreeMap;

use alidade_maas_core::{Percent, Registry, Routing, Share, check_model_name, compare_versions};

use crate::DeployError;
use crate::columns::aligned;
use crate::overview::share_or_dash;
use alidade_maas_core::printable;

/// How often a change is tried again when someone else has changed another version meanwhile.
const ATTEMPTS: usize = 5;

/// What becomes of one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Keep,
    Clear,
    Set(Percent),
}

impl Change {
    /// Reads the value of an option: a share or `none`; without the option nothing changes.
    ///
    /// # Errors
    /// When it is neither.
    pub fn read(option: &str, value: Option<&str>) -> Result<Change, DeployError> {
        match value {
            None => Ok(Change::Keep),
            Some(none) if none.trim().eq_ignore_ascii_case("none") => Ok(Change::Clear),
            Some(text) => Percent::parse(text).map(Change::Set).map_err(|reason| {
                DeployError::Option(format!("--{option}: {reason}, or \"none\" to take it away"))
            }),
        }
    }

    fn applied_to(self, share: Option<Percent>) -> Option<Percent> {
        match self {
            Change::Keep => share,
            Change::Clear => None,
            Change::Set(percent) => Some(percent),
        }
    }
}

/// A change of the shares of one version.
#[derive(Debug, Clone)]
pub struct ShareChange {
    pub name: String,
    pub version: String,
    pub weight: Change,
    pub shadow: Change,
}

impl ShareChange {
    /// # Errors
    /// When the name or the version cannot be one.
    pub fn check(&self) -> Result<(), DeployError> {
        check_model_name(&self.name)?;
        self.applied_to(&Routing::default())?;
        Ok(())
    }

    fn applied_to(&self, routing: &Routing) -> Result<Routing, DeployError> {
        let share = routing.share(&self.version);
        let changed = Share {
            weight: self.weight.applied_to(share.weight),
            shadow: self.shadow.applied_to(share.shadow),
        };
        Ok(routing.with(&self.version, changed)?)
    }
}

/// Stores a change of shares. What others change at the same time is kept.
///
/// # Errors
/// When the weights would be more than 100 percent together, or the registry cannot be reached. Nothing is changed then.
pub async fn change_share(
    registry: &dyn Registry,
    change: &ShareChange,
) -> Result<(), DeployError> {
    for _ in 0..ATTEMPTS {
        let former = registry.routing(&change.name).await?;
        let changed = change.applied_to(&former)?;
        if registry
            .set_routing(&change.name, &former, &changed)
            .await?
        {
            return Ok(());
        }
    }
    Err(DeployError::NotReached(format!(
        "the weights of {} are being changed by someone else as well; try again",
        change.name
    )))
}

/// The shares of a model's versions.
#[derive(Debug)]
pub struct SharesOverview {
    /// Oldest version first.
    pub versions: Vec<VersionLine>,
}

/// One version that is registered, asked for, or has a share.
#[derive(Debug)]
pub struct VersionLine {
    pub version: String,
    pub registered: usize,
    /// Instances that an ADD has asked for.
    pub desired: u32,
    pub share: Share,
}

impl VersionLine {
    /// It is neither there nor asked for.
    pub fn is_unknown(&self) -> bool {
        self.registered == 0 && self.desired == 0
    }

    fn may_be_default(&self) -> bool {
        self.registered > 0 && self.share.is_empty()
    }
}

/// Gathers the shares of a model's versions.
///
/// # Errors
/// When the registry cannot be read.
pub async fn shares_overview(
    registry: &dyn Registry,
    name: &str,
) -> Result<SharesOverview, DeployError> {
    let routing = registry.routing(name).await?;
    let listing = registry.instances().await?;
    let (desired, _) = registry.desired().await?;
    let mut counts: BTreeMap<&str, (usize, u32)> = BTreeMap::new();
    for instance in &listing.instances {
        if instance.payload.name == name {
            counts.entry(&instance.payload.version).or_default().0 += 1;
        }
    }
    for model in &desired.models {
        if model.name == name {
            let wanted = &mut counts.entry(&model.version).or_default().1;
            *wanted = wanted.saturating_add(model.instances);
        }
    }
    for version in routing.versions().keys() {
        counts.entry(version).or_default();
    }
    let lines = counts.into_iter();
    let lines = lines.map(|(version, (registered, desired))| VersionLine {
        version: version.to_owned(),
        registered,
        desired,
        share: routing.share(version),
    });
    let mut versions: Vec<VersionLine> = lines.collect();
    versions.sort_by(|a, b| compare_versions(&a.version, &b.version));
    Ok(SharesOverview { versions })
}

impl SharesOverview {
    /// A table, one line a version. `rest` stands for what the weights leave over, at the version that gets it.
    pub fn table(&self) -> String {
        let default = self.versions.iter().rposition(VersionLine::may_be_default);
        let mut rows = vec![
            ["VERSION", "REGISTERED", "WEIGHT", "SHADOW"]
                .map(str::to_owned)
                .to_vec(),
        ];
        for (at, line) in self.versions.iter().enumerate() {
            let weight = match default {
                Some(default) if default == at => "rest".to_owned(),
                _ => share_or_dash(line.share.weight),
            };
            rows.push(vec![
                printable(&line.version),
                line.registered.to_string(),
                weight,
                share_or_dash(line.share.shadow),
            ]);
        }
        aligned(&rows).join("\n") + "\n"
    }

    /// Whether instances are registered and none of them may answer a call that names no version.
    pub fn leaves_nobody(&self) -> bool {
        let mut registered = self.versions.iter().filter(|line| line.registered > 0);
        let answers = |line: &VersionLine| match line.share.weight {
            Some(weight) => weight.tenths() > 0,
            None => line.share.shadow.is_none(),
        };
        registered.clone().count() > 0 && !registered.any(answers)
    }
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{
        DesiredModel, DesiredModels, Endpoint, MemoryRegistry, ModelRequest, ServiceInstance,
        ServiceType, Settlement,
    };

    use super::*;

    async fn registry() -> MemoryRegistry {
        let registry = MemoryRegistry::new();
        for (name, version, id) in [
            ("dga", "1.0", 2),
            ("dga", "1.0", 3),
            ("dga", "1.9", 4),
            ("dga", "1.10", 5),
            ("other", "7", 6),
        ] {
            let endpoint = Endpoint::at("http://h:1");
            let instance =
                ServiceInstance::new(name, version, id, endpoint, ServiceType::Dynamic, 0);
            registry.register(&instance).await.unwrap();
        }
        registry
    }

    fn change(version: &str, weight: &str, shadow: Option<&str>) -> ShareChange {
        ShareChange {
            name: "dga".to_owned(),
            version: version.to_owned(),
            weight: Change::read("weight", Some(weight)).unwrap(),
            shadow: Change::read("shadow", shadow).unwrap(),
        }
    }

    #[tokio::test]
    async fn shares_are_set_shown_and_taken_away() {
        let registry = registry().await;
        change_share(&registry, &change("1.10", "10.5", None))
            .await
            .unwrap();
        change_share(&registry, &change("2.0", "0", Some("5")))
            .await
            .unwrap();
        let overview = shares_overview(&registry, "dga").await.unwrap();
        let expected = "\
VERSION  REGISTERED  WEIGHT  SHADOW
1.0      2           -       -
1.9      1           rest    -
1.10     1           10.5    -
2.0      0           0       5
";
        assert_eq!(overview.table(), expected);
        let unknown = overview.versions.iter().filter(|line| line.is_unknown());
        assert_eq!(
            unknown.map(|line| &line.version).collect::<Vec<_>>(),
            ["2.0"]
        );

        change_share(&registry, &change("2.0", "none", None))
            .await
            .unwrap();
        let share = registry.routing("dga").await.unwrap().share("2.0");
        assert_eq!((share.weight, share.shadow.unwrap().tenths()), (None, 50));
        change_share(&registry, &change("2.0", "NONE", Some("none")))
            .await
            .unwrap();
        change_share(&registry, &change("1.10", "none", None))
            .await
            .unwrap();
        assert!(registry.routing("dga").await.unwrap().is_empty());
        assert!(registry.routings().await.unwrap().models.is_empty());
    }

    #[tokio::test]
    async fn more_than_everything_is_refused_with_the_present_weights() {
        let registry = registry().await;
        change_share(&registry, &change("1.0", "60", None))
            .await
            .unwrap();
        let refused = change_share(&registry, &change("1.9", "41", None)).await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("101 (1.0: 60, 1.9: 41)"), "{refused}");
        let share = registry.routing("dga").await.unwrap().share("1.9");
        assert!(share.is_empty());
        for bad in ["-1", "100.1", "", "ten"] {
            assert!(Change::read("weight", Some(bad)).is_err(), "{bad}");
        }
        assert!(change("a\nb", "1", None).check().is_err());
    }

    #[tokio::test]
    async fn a_version_that_is_asked_for_is_known() {
        let registry = registry().await;
        let request = ModelRequest::add("dga", "3.0", 2, 64, "/m");
        registry.enqueue(&request).await.unwrap();
        let item = registry.next_item().await.unwrap();
        let mut desired = DesiredModels::default();
        desired.add(DesiredModel {
            name: "dga".to_owned(),
            version: "3.0".to_owned(),
            path: "/m".to_owned(),
            memory: 64,
            instances: 2,
            deployment: String::new(),
        });
        let stored = registry.settle(&item, Settlement::Desired(&desired, None));
        assert!(stored.await.unwrap());
        let overview = shares_overview(&registry, "dga").await.unwrap();
        let last = overview.versions.last().unwrap();
        assert_eq!((last.version.as_str(), last.is_unknown()), ("3.0", false));
    }

    #[tokio::test]
    async fn it_is_told_when_nobody_is_left_to_answer() {
        let registry = registry().await;
        for version in ["1.0", "1.9"] {
            change_share(&registry, &change(version, "0", None))
                .await
                .unwrap();
        }
        let overview = shares_overview(&registry, "dga").await.unwrap();
        assert!(!overview.leaves_nobody());
        change_share(&registry, &change("1.10", "none", Some("5")))
            .await
            .unwrap();
        let overview = shares_overview(&registry, "dga").await.unwrap();
        assert!(overview.leaves_nobody());
        let nowhere = shares_overview(&registry, "nowhere").await.unwrap();
        assert!(!nowhere.leaves_nobody() && nowhere.versions.is_empty());
    }
}
