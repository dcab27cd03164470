//! What is written to ZooKeeper, byte for byte.

use crate::bench::Bench;

/// Upstream's own forms.
pub const QUEUE_ADD: &str = include_str!("../../../maas/core/tests/data/queue-item-add.json");
pub const QUEUE_REMOVE: &str = include_str!("../../../maas/core/tests/data/queue-item-remove.json");
pub const INSTANCE_DYNAMIC: &str =
    include_str!("../../../maas/core/tests/data/instance-dynamic.json");
pub const INSTANCE_STATIC: &str =
    include_str!("../../../maas/core/tests/data/instance-static.json");

/// Our own, beside the paths that upstream reads.
pub const DESIRED: &str = include_str!("golden/desired.json");
pub const CONTAINER: &str = include_str!("golden/container.json");

/// An operator's, in upstream's form.
pub const CONFIG: &str = include_str!("golden/config.json");

/// A golden text with other values in place of its own, which must be there.
#[track_caller]
pub fn with(golden: &str, values: &[(&str, &str)]) -> String {
    // What an editor puts at the end of a file is no part of a node.
    let mut text = golden.trim_end().to_owned();
    for (own, other) in values {
        assert!(text.contains(own), "{own} is not in {text}");
        text = text.replace(own, other);
    }
    text
}

impl Bench {
    /// Compares a node with what it has to be, and whether it goes with its session.
    #[track_caller]
    pub fn assert_node(&self, path: &str, expected: &str, is_ephemeral: bool) {
        let node = self.node(path);
        assert_eq!(node, Some((expected.to_owned(), is_ephemeral)), "{path}");
    }
}
