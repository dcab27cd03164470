//! The routings of models as they were read last, whatever becomes unreadable later.

use std::collections::BTreeMap;

use alidade_maas_core::{MaasError, Routing, Routings, UnreadableNode};

/// What is known of every model's routing.
#[derive(Debug, Default)]
pub(crate) struct KnownRoutings {
    by_model: BTreeMap<String, Routing>,
    /// What has been complained of, so that it is said once.
    reported: BTreeMap<String, UnreadableNode>,
    failure: String,
}

impl KnownRoutings {
    pub(crate) fn by_model(&self) -> &BTreeMap<String, Routing> {
        &self.by_model
    }

    /// Takes up what was read. A node that cannot be read leaves its model as it was; if nothing could be read at all,
    /// every model stays as it was, and it is false.
    pub(crate) fn take_up(&mut self, read: Result<Routings, MaasError>) -> bool {
        let routings = match read {
            Ok(routings) => routings,
            Err(error) => {
                let failure = error.to_string();
                if failure != self.failure {
                    tracing::warn!(%error, "cannot read the weights of models' versions, those known last stay in use");
                }
                self.failure = failure;
                return false;
            }
        };
        self.failure.clear();
        let mut by_model = routings.models;
        for (name, node) in &routings.unreadable {
            if self.reported.get(name) != Some(node) {
                tracing::warn!(
                    path = node.path,
                    reason = node.reason,
                    "cannot read the weights of a model's versions, those known last stay in use; set the node right or delete it"
                );
            }
            if let Some(last) = self.by_model.remove(name) {
                by_model.insert(name.clone(), last);
            }
        }
        self.by_model = by_model;
        self.reported = routings.unreadable;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routings(models: &[(&str, &str)]) -> Routings {
        let mut routings = Routings::default();
        for (name, node) in models {
            let path = format!("/routing/{name}");
            match Routing::read(node.as_bytes()) {
                Ok(routing) => {
                    routings.models.insert((*name).to_owned(), routing);
                }
                Err(error) => {
                    let reason = error.to_string();
                    let node = UnreadableNode { path, reason };
                    routings.unreadable.insert((*name).to_owned(), node);
                }
            }
        }
        routings
    }

    #[test]
    fn the_last_good_one_stays_until_the_node_is_right_or_gone() {
        let mut known = KnownRoutings::default();
        let ten = r#"{"versions":{"1.1":{"weight":10}}}"#;
        assert!(known.take_up(Ok(routings(&[("dga", ten), ("new", "[")]))));
        let good = known.by_model()["dga"].clone();
        assert!(!known.by_model().contains_key("new"));
        for _ in 0..2 {
            assert!(known.take_up(Ok(routings(&[("dga", "[")]))));
            assert_eq!(known.by_model()["dga"], good);
        }
        let away = MaasError::BadRequest("no".to_owned());
        assert!(!known.take_up(Err(away)));
        assert_eq!(known.by_model()["dga"], good);
        assert!(known.take_up(Ok(Routings::default())));
        assert!(known.by_model().is_empty());
    }
}
