use std::collections::BTreeSet;

use alidade_event::field;

use crate::snapshot::ParserEntry;
use crate::suggest::nearest;

/// The names that an expression may find a value under.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Fields, and names that the document itself gives. One of these may have been meant.
    names: BTreeSet<String>,
    /// Names that are taken as they are but hardly meant by another: settings.
    silent: BTreeSet<String>,
    /// Beginnings of names.
    prefixes: BTreeSet<String>,
    /// There are no other fields.
    is_complete: bool,
}

/// Fields that any message may have, whatever its parser.
const EVERYWHERE: [&str; 5] = [
    field::GUID,
    field::TIMESTAMP,
    field::ORIGINAL_STRING,
    field::SOURCE_TYPE,
    field::IS_ALERT,
];
const DEFAULT_METADATA_PREFIX: &str = "metron.metadata";

impl Known {
    /// Before the transformations of a sensor.
    pub fn of_parser(entry: &ParserEntry) -> Known {
        let mut known = Known::of_any_message();
        let given = entry.parser.given_fields();
        known.is_complete = given.is_complete;
        for name in &given.names {
            known.add(name);
        }
        let prefix = entry
            .config
            .raw_message_strategy_config
            .get("metadataPrefix");
        let prefix = prefix.and_then(|prefix| prefix.as_str());
        known.add_prefix(prefix.unwrap_or(DEFAULT_METADATA_PREFIX));
        known
    }

    /// For messages of which nothing is known.
    pub fn of_any_message() -> Known {
        let mut known = Known::default();
        for name in EVERYWHERE {
            known.add(name);
        }
        known
    }

    /// A field. Its value may be a map, which gives fields that begin with its name and a dot.
    pub fn add(&mut self, name: &str) {
        self.names.insert(name.to_owned());
        self.add_prefix(name);
    }

    pub fn add_prefix(&mut self, name: &str) {
        if !name.is_empty() {
            self.prefixes.insert(format!("{name}."));
        }
    }

    pub fn add_silent<'n>(&mut self, names: impl IntoIterator<Item = &'n (impl AsRef<str> + 'n)>) {
        let names = names.into_iter().map(|name| name.as_ref().to_owned());
        self.silent.extend(names);
    }

    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
            || self.silent.contains(name)
            || self
                .prefixes
                .iter()
                .any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// The name that was probably meant by one that is not known. Where messages may bring any field, only a slip of the
    /// finger counts.
    pub fn meant_by(&self, name: &str) -> Option<&str> {
        if !self.is_complete {
            let slip = self.names.iter().find(|known| is_slip(name, known));
            return slip.map(String::as_str);
        }
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        nearest(name, &names)
    }
}

/// Shorter names differ by a letter without being misspelt.
const SHORTEST_SLIP: usize = 4;

/// Whether two different names differ by one letter that is wrong, missing, too many or out of its place, or by case.
/// A digit, or an s at the end, is no slip.
pub(super) fn is_slip(name: &str, known: &str) -> bool {
    if name == known || known.chars().count() < SHORTEST_SLIP {
        return false;
    }
    let one: Vec<char> = name.to_lowercase().chars().collect();
    let other: Vec<char> = known.to_lowercase().chars().collect();
    let same_start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[same_start..], &other[same_start..]);
    let pairs = one.iter().rev().zip(other.iter().rev());
    let same_end = pairs.take_while(|(a, b)| a == b).count();
    let (one, other) = (
        &one[..one.len() - same_end],
        &other[..other.len() - same_end],
    );
    let is_letter = |c: &char| !c.is_numeric();
    match (one, other) {
        ([], []) => true,
        ([a], [b]) => is_letter(a) && is_letter(b),
        ([extra], []) | ([], [extra]) => is_letter(extra) && !(*extra == 's' && same_end == 0),
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_other_names() {
        for (name, known) in [
            ("metod", "method"),
            ("mehtod", "method"),
            ("methodd", "method"),
            ("nethod", "method"),
            ("Method", "method"),
            ("ip_src_adr", "ip_src_addr"),
        ] {
            assert!(is_slip(name, known), "{name} {known}");
        }
        for (name, known) in [
            ("method", "method"),
            ("methods", "method"),
            ("port1", "port2"),
            ("port", "port2"),
            ("url", "uri"),
            ("ip_dst_addr", "ip_src_addr"),
            ("thod", "method"),
        ] {
            assert!(!is_slip(name, known), "{name} {known}");
        }
    }

    #[test]
    fn a_map_gives_fields_below_its_name() {
        let mut known = Known::of_any_message();
        known.add("net");
        known.add_silent(&["es.ip"]);
        assert!(known.has("net.internal") && known.has("es.ip") && !known.has("nets"));
        assert_eq!(known.meant_by("gu"), None);
        assert_eq!(known.meant_by("hostname"), None);
        assert_eq!(known.meant_by("timestmp"), Some("timestamp"));
        known.is_complete = true;
        assert_eq!(known.meant_by("es.iq"), None, "settings are not suggested");
    }
}
