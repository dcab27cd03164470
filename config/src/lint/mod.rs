//! What the documents of a sensor say about each other: names that nothing gives and that are nearly those of something.
//!
//! Fields are open: a message may bring any. So a name is only told of when one that is known is spelt nearly the same, and
//! then as a warning.

mod enrichment;
mod keys;
mod known;
mod parser;
mod reads;

use std::collections::BTreeSet;

use alidade_stellar::{Library, config_code};

use self::known::Known;
use crate::json::JsonDocument;
use crate::snapshot::{Entry, Snapshot};
use crate::{DocumentId, Problem, RawTree};

/// Everything that is worth a look in documents that are valid each for itself.
pub(crate) fn findings(tree: &RawTree, snapshot: &Snapshot, library: &Library) -> Vec<Problem> {
    let mut problems = Vec::new();
    let global: Vec<&str> = snapshot.global.members.keys().map(String::as_str).collect();
    if let Some(raw) = &snapshot.global.source
        && let Ok(document) = JsonDocument::parse(DocumentId::Global, &raw.bytes)
    {
        keys::check_global(&document, &mut problems);
    }
    let mut fields_by_sensor = std::collections::BTreeMap::new();
    for (sensor, entry) in &snapshot.parsers {
        let id = DocumentId::Parser(sensor.clone());
        let Ok(document) = JsonDocument::parse(&id, &entry.source().bytes) else {
            continue;
        };
        let mut known = Known::of_parser(entry);
        known.add_silent(&global);
        keys::check_parser(&document, &mut problems);
        let mut check = reads::Check::new(&document, library, &mut problems);
        parser::check(entry, &mut known, &mut check);
        fields_by_sensor.insert(sensor.as_str(), known);
    }
    for (sensor, entry) in &snapshot.enrichments {
        let id = DocumentId::Enrichment(sensor.clone());
        let Ok(document) = JsonDocument::parse(&id, &entry.source().bytes) else {
            continue;
        };
        let mut known = match fields_by_sensor.remove(sensor.as_str()) {
            Some(known) => known,
            None => Known::of_any_message(),
        };
        known.add_silent(&global);
        let mut check = reads::Check::new(&document, library, &mut problems);
        enrichment::check(&entry.config, known, &mut check);
    }
    for (sensor, entry) in &snapshot.indexing {
        let id = DocumentId::Indexing(sensor.clone());
        if let Ok(document) = JsonDocument::parse(&id, &entry.source().bytes) {
            keys::check_indexing(&document, &mut problems);
        }
    }
    check_sensors(tree, &mut problems);
    problems
}

/// Documents of sensors that have no parser while another name nearly the same has one.
fn check_sensors(tree: &RawTree, problems: &mut Vec<Problem>) {
    let ids = || tree.documents.keys().chain(tree.unreadable.keys());
    let parsers: BTreeSet<&str> = ids()
        .filter(|id| matches!(id, DocumentId::Parser(_)))
        .filter_map(DocumentId::sensor)
        .collect();
    for id in ids() {
        let Some(sensor) = id.sensor().filter(|sensor| !parsers.contains(sensor)) else {
            continue;
        };
        let meant = parsers.iter().find(|parser| known::is_slip(sensor, parser));
        if let Some(parser) = meant {
            let message = format!("no parser document is there for the sensor `{sensor}`");
            problems.push(
                Problem::error(id, config_code::UNKNOWN_SENSOR, message)
                    .with_help(format!("did you mean `{parser}`, which has a parser?"))
                    .as_warning(),
            );
        }
    }
}
