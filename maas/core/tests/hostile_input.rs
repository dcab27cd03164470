//! Nothing that stands in ZooKeeper, in a file or on a command line may end the process.

use alidade_maas_core::posix_options::{OptionSpec, PosixOptions};
use alidade_maas_core::{
    DesiredModels, MaasConfig, ModelRequest, Routing, ServiceInstance, payload_below_root,
    read_endpoint_file, rewrite_host,
};
use proptest::prelude::*;

const TABLE: PosixOptions = PosixOptions::new(
    "Tool",
    &[
        OptionSpec::flag("h", "help", ""),
        OptionSpec::value("m", "memory", ""),
        OptionSpec::value("é", "accent", "").optional_value(),
    ],
);

/// JSON-like text: the letters that matter, in any order.
fn nearly_json() -> impl Strategy<Value = String> {
    let words = [
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"name\"",
        "\"payload\"",
        "\"endpoint\"",
        "\"url\"",
        "\"action\"",
        "\"ADD\"",
        "\"functions\"",
        "\"versions\"",
        "\"weight\"",
        "\"http://h:1\"",
        "null",
        "1e999",
        "-1",
        "true",
        "\"",
        "\\u0000",
        "\u{feff}",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..24)
        .prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn documents_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200), text in nearly_json()) {
        for content in [bytes.as_slice(), text.as_bytes()] {
            let _ = ModelRequest::read(content);
            let _ = ServiceInstance::read(content);
            let _ = MaasConfig::read(content);
            let _ = DesiredModels::read(content);
            let _ = Routing::read(content);
            let _ = read_endpoint_file(content);
        }
    }

    #[test]
    fn urls_keep_to_their_host(url in "(http://)?[a-z@:/?#\\[\\]0-9é%. ]{0,30}") {
        if let Some(rewritten) = rewrite_host(&url, "node1") {
            prop_assert!(rewritten.contains("://"));
            prop_assert!(!rewritten.contains('#'));
        }
    }

    #[test]
    fn payloads_stay_below_the_root(path in "(file:|hdfs:)?[a-z./\\\\:é]{0,30}") {
        let root = std::path::Path::new("/root");
        if let Ok(place) = payload_below_root(root, &path) {
            prop_assert!(place.starts_with(root) && place != root);
            prop_assert!(place.components().all(|part| part != std::path::Component::ParentDir));
        }
    }

    #[test]
    fn command_lines_are_read_or_refused(words in prop::collection::vec("-{0,3}[hméa=\" ]{0,5}", 0..6)) {
        if let Ok(parsed) = TABLE.parse(&words) {
            prop_assert!(parsed.values("m").len() <= words.len());
        }
        prop_assert!(TABLE.ignoring_unknown().usage().starts_with("usage: Tool"));
    }
}
