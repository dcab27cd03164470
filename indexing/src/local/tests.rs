use super::*;
use crate::testing::{defaults, item, pending, squid_item, write};
use crate::{Clock, SystemClock};

fn document(id: &str, n: i64) -> LocalDocument {
    let mut event = alidade_event::Event::new();
    event.set("guid", id);
    event.set("n", n);
    LocalDocument {
        index: "squid_index_1".into(),
        id: id.into(),
        event,
    }
}

#[tokio::test]
async fn documents_have_the_form_of_elasticsearch() {
    let index = Arc::new(LocalIndex::in_memory(10));
    let mut writer = LocalWriter::new(Arc::clone(&index), DateFormat::default());
    let items = [
        pending(squid_item(1)),
        pending(squid_item(2)),
        pending(squid_item(1)),
    ];
    let outcomes = write(&mut writer, &items, &defaults("squid"), SystemClock.now()).await;
    assert_eq!(outcomes, vec![Outcome::Done; 3]);
    let found = index.documents("squid_index_2019.10.15.18");
    assert_eq!(found.len(), 2, "the same guid is the same document");
    assert_eq!(
        found[0].event.to_json(),
        r#"{"source:type":"squid","guid":"g1","n":1}"#
    );
    assert_eq!(index.documents("squid").len(), 2);
    assert_eq!(index.documents("").len(), 2);
    assert!(index.documents("squi").is_empty());
    assert_eq!(
        index.indices().into_iter().collect::<Vec<_>>(),
        [("squid_index_2019.10.15.18".into(), 2)]
    );
}

#[test]
fn the_oldest_give_way() {
    let index = LocalIndex::in_memory(3);
    for n in 0..10 {
        index.put_all(vec![document(&format!("g{n}"), n)]).unwrap();
    }
    assert_eq!(index.len(), 3);
    assert!(index.get("g6").is_none());
    let left: Vec<String> = index
        .documents("squid")
        .iter()
        .map(|found| found.id.to_string())
        .collect();
    assert_eq!(left, ["g7", "g8", "g9"]);
}

#[test]
fn a_folder_keeps_documents_over_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let index = LocalIndex::open(folder.path(), 10).unwrap();
    index
        .put_all(vec![document("a", 1), document("b", 2)])
        .unwrap();
    index.put_all(vec![document("a", 3)]).unwrap();
    let file = folder.path().join("squid_index_1.ndjson");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(
        text.lines().next(),
        Some(r#"{"_index":"squid_index_1","_id":"a","_source":{"guid":"a","n":1}}"#)
    );
    std::fs::write(&file, format!("{text}garbage\n{{\"_id\":1}}\n\n{{\"cut")).unwrap();
    let again = LocalIndex::open(folder.path(), 10).unwrap();
    assert_eq!(again.len(), 2);
    assert_eq!(
        again.get("a").unwrap().event.get("n"),
        Some(&alidade_event::Value::Long(3))
    );
}

#[tokio::test]
async fn an_index_cannot_name_a_file_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("index");
    let index = Arc::new(LocalIndex::open(&inner, 10).unwrap());
    let mut writer = LocalWriter::new(index, DateFormat::default());
    for sensor in ["../../evil", "/etc/evil", "a\0b", "..", &"x".repeat(400)] {
        let items = [pending(item(sensor, 1, "{}"))];
        let outcomes = write(&mut writer, &items, &defaults(sensor), SystemClock.now()).await;
        assert_eq!(outcomes, [Outcome::Done], "{sensor}");
    }
    let outside: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(outside.len(), 1, "only the index itself");
    assert_eq!(std::fs::read_dir(&inner).unwrap().count(), 5);
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = LocalIndex::open(&file, 10).err().unwrap();
    assert!(error.to_string().contains("file"), "{error}");
}
