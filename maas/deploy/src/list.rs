use std::fmt::Write as _;

use alidade_maas_core::{Listing, Registry, compare_versions, printable};

use crate::DeployError;

/// Which models to list; what is absent does not matter.
#[derive(Debug, Clone, Default)]
pub struct ListFilter {
    pub name: Option<String>,
    pub version: Option<String>,
}

impl ListFilter {
    pub(crate) fn admits(&self, name: &str, version: &str) -> bool {
        let admits = |filter: &Option<String>, value: &str| {
            filter.as_deref().is_none_or(|wanted| wanted == value)
        };
        admits(&self.name, name) && admits(&self.version, version)
    }
}

/// The registered instances that a filter admits, by name, version and id.
pub(crate) async fn sorted_instances(
    registry: &dyn Registry,
    filter: &ListFilter,
) -> Result<Listing, DeployError> {
    let mut listing = registry.instances().await?;
    listing
        .instances
        .retain(|instance| filter.admits(&instance.payload.name, &instance.payload.version));
    listing.instances.sort_by(|left, right| {
        let (a, b) = (&left.payload, &right.payload);
        a.name
            .cmp(&b.name)
            .then_with(|| compare_versions(&a.version, &b.version))
            .then_with(|| compare_versions(&left.id, &right.id))
    });
    Ok(listing)
}

/// Lists the registered models in upstream's form, ordered by name and version: per model one line, per instance its URL,
/// and a line for each of its functions. No models give an empty text.
///
/// # Errors
/// When the registry cannot be read.
pub async fn list_models(
    registry: &dyn Registry,
    filter: &ListFilter,
) -> Result<(String, Listing), DeployError> {
    let listing = sorted_instances(registry, filter).await?;
    let mut text = String::new();
    let mut last_model = None;
    for instance in &listing.instances {
        let model = &instance.payload;
        let (name, version) = (printable(&model.name), printable(&model.version));
        let this_model = Some((&model.name, &model.version));
        if last_model != this_model {
            let _ = writeln!(text, "Model {name} @ {version}");
            last_model = this_model;
        }
        let url = printable(&model.endpoint.url);
        let _ = writeln!(text, "{name}:{version} @ {url} serving:");
        for (alias, path) in &model.endpoint.functions {
            let _ = writeln!(text, "\t{}={}", printable(alias), printable(path));
        }
    }
    Ok((text, listing))
}

#[cfg(test)]
mod tests {
    use alidade_maas_core::{Endpoint, MemoryRegistry, ServiceInstance, ServiceType};

    use super::*;

    async fn registry() -> MemoryRegistry {
        let registry = MemoryRegistry::new();
        for (name, version, id, url) in [
            ("dga", "10.0", 12, "http://node2:36161"),
            ("dga", "9.0", 2, "http://node1:36161"),
            ("dga", "10.0", 3, "http://node3:1"),
            ("acl", "1\u{1b}[31m", 4, "http://h"),
        ] {
            let mut endpoint = Endpoint::at(url);
            if id == 3 {
                endpoint
                    .functions
                    .insert("score".to_owned(), "/v2/score".to_owned());
            }
            let instance =
                ServiceInstance::new(name, version, id, endpoint, ServiceType::Dynamic, 0);
            registry.register(&instance).await.unwrap();
        }
        registry
    }

    #[tokio::test]
    async fn the_listing_has_upstreams_form() {
        let filter = ListFilter {
            name: Some("dga".to_owned()),
            version: None,
        };
        let (text, _) = list_models(&registry().await, &filter).await.unwrap();
        let expected = "\
Model dga @ 9.0
dga:9.0 @ http://node1:36161 serving:
\tapply=apply
Model dga @ 10.0
dga:10.0 @ http://node3:1 serving:
\tapply=apply
\tscore=/v2/score
dga:10.0 @ http://node2:36161 serving:
\tapply=apply
";
        assert_eq!(text, expected);
    }

    #[tokio::test]
    async fn filters_match_exactly_and_control_characters_are_masked() {
        let registry = registry().await;
        let filter = ListFilter {
            name: None,
            version: Some("10".to_owned()),
        };
        let (text, _) = list_models(&registry, &filter).await.unwrap();
        assert_eq!(text, "");
        let (text, _) = list_models(&registry, &ListFilter::default())
            .await
            .unwrap();
        assert!(text.starts_with("Model acl @ 1\u{fffd}[31m\n"), "{text}");
    }
}
