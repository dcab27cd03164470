use std::path::Path;
use std::time::Duration;

use super::local_store::LocalStore;
use super::*;
use crate::testing::{defaults, item, pending, squid_item, write};
use crate::{Clock, ManualClock, Pending};

struct Fixture {
    folder: tempfile::TempDir,
    clock: ManualClock,
    settings: HdfsGlobal,
}

impl Fixture {
    fn new() -> Self {
        Fixture {
            folder: tempfile::tempdir().unwrap(),
            clock: ManualClock::new(1_571_163_632_536),
            settings: HdfsGlobal::default(),
        }
    }

    fn writer(&self) -> HdfsWriter {
        let settings = HdfsGlobal {
            root: format!("file://{}", self.folder.path().display()).into(),
            ..self.settings.clone()
        };
        HdfsWriter::new(&settings).unwrap()
    }

    async fn write(&self, writer: &mut HdfsWriter, offsets: &[i64]) -> Vec<Outcome> {
        let items: Vec<Pending> = offsets
            .iter()
            .map(|offset| pending(squid_item(*offset)))
            .collect();
        write(writer, &items, &defaults("squid"), self.clock.now()).await
    }

    async fn finish(&self, writer: &mut HdfsWriter) -> Vec<i64> {
        let advance = writer.advance(self.clock.now(), Urgency::All).await;
        assert_eq!(advance.problem, None);
        let mut offsets: Vec<i64> = advance.done.iter().map(|origin| origin.offset).collect();
        offsets.sort_unstable();
        offsets
    }

    /// Names of the files of a folder.
    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.folder.path().join(folder))
    }

    /// All lines of the visible files of a folder, in the order of their offsets.
    fn stored(&self, folder: &str) -> Vec<i64> {
        let path = self.folder.path().join(folder);
        let mut offsets = Vec::new();
        for name in names(&path).iter().filter(|name| !name.starts_with('.')) {
            let text = std::fs::read_to_string(path.join(name)).unwrap();
            for line in text.lines() {
                let event: serde_json::Value = serde_json::from_str(line).unwrap();
                offsets.push(event["n"].as_i64().unwrap());
            }
        }
        offsets.sort_unstable();
        offsets
    }
}

fn names(path: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(path)
        .map(|entries| {
            entries
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect()
        })
        .unwrap_or_default();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_is_seen_when_it_is_complete_and_only_then_its_items_are_done() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    assert_eq!(
        fixture.write(&mut writer, &[3, 7, 9]).await,
        vec![Outcome::Held; 3]
    );
    assert!(fixture.names("squid").is_empty());
    assert_eq!(writer.held(), 3);
    assert_eq!(fixture.finish(&mut writer).await, [3, 7, 9]);
    assert_eq!(writer.held(), 0);
    let name = "enrichment-hdfsIndexingBolt-indexing-0-3-9.json";
    assert_eq!(fixture.names("squid"), [name]);
    let text = std::fs::read_to_string(fixture.folder.path().join("squid").join(name)).unwrap();
    assert_eq!(
        text.lines().next(),
        Some(r#"{"source.type":"squid","guid":"g3","n":3}"#)
    );
    assert!(text.ends_with('\n'));
}

#[tokio::test]
async fn files_are_finished_by_idleness_age_and_size() {
    let mut fixture = Fixture::new();
    fixture.settings.max_file_bytes = 1_000;
    let mut writer = fixture.writer();
    fixture.write(&mut writer, &[1]).await;
    fixture.clock.advance(Duration::from_secs(4));
    assert!(
        writer
            .advance(fixture.clock.now(), Urgency::Due)
            .await
            .done
            .is_empty()
    );
    fixture.clock.advance(Duration::from_secs(1));
    assert!(writer.next_due().unwrap() <= fixture.clock.now().at);
    assert_eq!(
        writer
            .advance(fixture.clock.now(), Urgency::Due)
            .await
            .done
            .len(),
        1
    );
    // 46 bytes a line: 22 of them fill a file, the rest stays open.
    let offsets: Vec<i64> = (100..160).collect();
    fixture.write(&mut writer, &offsets).await;
    assert_eq!(
        writer
            .advance(fixture.clock.now(), Urgency::Due)
            .await
            .done
            .len(),
        44
    );
    assert_eq!(writer.held(), 16);
}

#[tokio::test]
async fn a_file_that_is_never_idle_ends_by_age() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    let mut waited = 0;
    for offset in 1.. {
        fixture.write(&mut writer, &[offset]).await;
        fixture.clock.advance(Duration::from_secs(4));
        waited += 4;
        if !writer
            .advance(fixture.clock.now(), Urgency::Due)
            .await
            .done
            .is_empty()
        {
            break;
        }
    }
    assert_eq!(waited, 300);
}

#[tokio::test]
async fn a_replay_stores_only_what_is_missing() {
    let fixture = Fixture::new();
    let mut first = fixture.writer();
    fixture.write(&mut first, &[1, 3, 5]).await;
    fixture.finish(&mut first).await;
    fixture.write(&mut first, &[7, 9]).await;
    fixture.finish(&mut first).await;
    fixture.write(&mut first, &[11]).await;
    // Dies with 11 unfinished; the offsets from 3 on were not committed.
    drop(first);
    let mut second = fixture.writer();
    let outcomes = fixture.write(&mut second, &[3, 5, 7, 9, 11, 13]).await;
    assert_eq!(outcomes[..4], vec![Outcome::Done; 4]);
    assert_eq!(outcomes[4..], vec![Outcome::Held; 2]);
    fixture.finish(&mut second).await;
    assert_eq!(fixture.stored("squid"), [1, 3, 5, 7, 9, 11, 13]);
    assert_eq!(fixture.names("squid").len(), 3);
}

#[tokio::test]
async fn an_event_that_went_elsewhere_before_is_not_taken_for_stored() {
    let fixture = Fixture::new();
    let mut first = fixture.writer();
    fixture.write(&mut first, &[1, 9]).await;
    fixture.finish(&mut first).await;
    // 5 lies in the range of the file, but is not in it.
    let mut second = fixture.writer();
    let outcomes = fixture.write(&mut second, &[1, 5, 9]).await;
    assert_eq!(outcomes, [Outcome::Done, Outcome::Held, Outcome::Done]);
    fixture.finish(&mut second).await;
    assert_eq!(fixture.stored("squid"), [1, 5, 9]);
}

#[tokio::test]
async fn equal_lines_are_counted() {
    let fixture = Fixture::new();
    let line = |offset| pending(item("squid", offset, r#"{"n":1}"#));
    let mut first = fixture.writer();
    write(
        &mut first,
        &[line(1), line(2)],
        &defaults("squid"),
        fixture.clock.now(),
    )
    .await;
    fixture.finish(&mut first).await;
    let mut second = fixture.writer();
    let items = [line(1), line(2), line(2), line(3)];
    let outcomes = write(&mut second, &items, &defaults("squid"), fixture.clock.now()).await;
    assert_eq!(
        outcomes,
        [Outcome::Done, Outcome::Done, Outcome::Held, Outcome::Held]
    );
}

#[tokio::test]
async fn other_content_under_the_same_name_is_kept_beside() {
    let fixture = Fixture::new();
    let one = |text: &str| pending(item("squid", 1, text));
    for (text, files) in [
        (r#"{"n":1}"#, 1),
        (r#"{"n":2}"#, 2),
        (r#"{"n":3}"#, 3),
        (r#"{"n":2}"#, 3),
    ] {
        // The topic was deleted and made again: the same offsets, other records.
        let mut writer = fixture.writer();
        write(
            &mut writer,
            &[one(text)],
            &defaults("squid"),
            fixture.clock.now(),
        )
        .await;
        fixture.finish(&mut writer).await;
        assert_eq!(fixture.names("squid").len(), files, "{text}");
    }
    assert_eq!(fixture.stored("squid"), [1, 2, 3]);
    assert!(
        fixture
            .names("squid")
            .iter()
            .all(|name| name.starts_with("enrichment-"))
    );
}

#[tokio::test]
async fn partitions_have_files_of_their_own() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    let mut other = squid_item(2);
    other.origin.partition = 4;
    let items = [
        pending(squid_item(1)),
        pending(other),
        pending(squid_item(3)),
    ];
    write(&mut writer, &items, &defaults("squid"), fixture.clock.now()).await;
    fixture.finish(&mut writer).await;
    assert_eq!(
        fixture.names("squid"),
        [
            "enrichment-hdfsIndexingBolt-indexing-0-1-3.json",
            "enrichment-hdfsIndexingBolt-indexing-4-2-2.json"
        ]
    );
}

#[tokio::test]
async fn the_oldest_file_gives_way_when_there_are_too_many() {
    let mut fixture = Fixture::new();
    fixture.settings.max_open_files = 2;
    let mut writer = fixture.writer();
    for (offset, sensor) in ["a", "b", "c"].iter().enumerate() {
        let items = [pending(item(sensor, offset as i64, r#"{"n":1}"#))];
        let outcomes = write(&mut writer, &items, &defaults(sensor), fixture.clock.now()).await;
        assert_eq!(outcomes, [Outcome::Held]);
        fixture.clock.advance(Duration::from_millis(1));
    }
    let done = writer.advance(fixture.clock.now(), Urgency::Due).await.done;
    assert_eq!(done.len(), 1);
    assert_eq!(fixture.names(""), ["a"]);
}

#[tokio::test]
async fn memory_is_bounded_by_storing_the_largest_file() {
    let mut fixture = Fixture::new();
    fixture.settings.max_buffered_bytes = 1_000;
    let mut writer = fixture.writer();
    for offset in 0..200 {
        let outcomes = fixture.write(&mut writer, &[offset]).await;
        assert_eq!(outcomes, [Outcome::Held]);
        assert!(writer.bytes <= 1_000, "{} bytes", writer.bytes);
    }
    fixture.finish(&mut writer).await;
    assert_eq!(writer.bytes, 0);
    assert_eq!(fixture.stored("squid"), (0..200).collect::<Vec<_>>());
}

#[tokio::test]
async fn forgotten_partitions_leave_nothing() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    let mut other = squid_item(2);
    other.origin.partition = 4;
    let items = [pending(squid_item(1)), pending(other)];
    write(&mut writer, &items, &defaults("squid"), fixture.clock.now()).await;
    writer.forget("indexing", 0);
    assert_eq!(writer.held(), 1);
    assert_eq!(fixture.finish(&mut writer).await, [2]);
    assert_eq!(writer.bytes, 0);
}

#[tokio::test]
async fn a_file_system_that_fails_keeps_everything_until_it_works() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    fixture.write(&mut writer, &[1, 2]).await;
    // A file stands where the folder should be made.
    let obstacle = fixture.folder.path().join("squid");
    std::fs::write(&obstacle, "").unwrap();
    let advance = writer.advance(fixture.clock.now(), Urgency::All).await;
    assert!(advance.done.is_empty() && advance.problem.is_some());
    assert_eq!(writer.held(), 2);
    std::fs::remove_file(&obstacle).unwrap();
    assert_eq!(fixture.finish(&mut writer).await, [1, 2]);
    assert_eq!(fixture.stored("squid"), [1, 2]);
}

#[tokio::test]
async fn a_folder_that_cannot_be_listed_makes_items_wait() {
    let fixture = Fixture::new();
    std::fs::write(fixture.folder.path().join("squid"), "").unwrap();
    let mut writer = fixture.writer();
    let outcomes = fixture.write(&mut writer, &[1]).await;
    assert!(matches!(&outcomes[..], [Outcome::Retry(cause)] if cause.scope == crate::Scope::Store));
}

#[tokio::test]
async fn what_a_dead_process_left_is_cleared_away_after_a_while() {
    let fixture = Fixture::new();
    let folder = fixture.folder.path().join("squid");
    std::fs::create_dir(&folder).unwrap();
    let left = folder.join(".enrichment-hdfsIndexingBolt-indexing-0-1-2.77-1.tmp");
    std::fs::write(&left, "half").unwrap();
    let modified = std::fs::metadata(&left).unwrap().modified().unwrap();
    let modified_ms = modified
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis() as i64;
    let (store, path) = (LocalStore, folder.to_str().unwrap());
    let topic: Str = "indexing".into();
    StoredFiles::find(&store, path, &topic, 0, 0, modified_ms + 60_000)
        .await
        .unwrap();
    assert!(left.exists(), "it may still be written");
    StoredFiles::find(&store, path, &topic, 1, 0, modified_ms + 3_600_000)
        .await
        .unwrap();
    assert!(left.exists(), "it belongs to another partition");
    StoredFiles::find(&store, path, &topic, 0, 0, modified_ms + 3_600_000)
        .await
        .unwrap();
    assert!(!left.exists());
}

#[tokio::test]
async fn a_lost_answer_to_a_rename_does_no_harm() {
    let fixture = Fixture::new();
    let mut writer = fixture.writer();
    fixture.write(&mut writer, &[1]).await;
    // As if the file had been renamed and the answer been lost.
    let folder = fixture.folder.path().join("squid");
    std::fs::create_dir(&folder).unwrap();
    let name = folder.join("enrichment-hdfsIndexingBolt-indexing-0-1-1.json");
    std::fs::write(
        &name,
        "{\"source.type\":\"squid\",\"guid\":\"g1\",\"n\":1}\n",
    )
    .unwrap();
    assert_eq!(fixture.finish(&mut writer).await, [1]);
    assert_eq!(fixture.names("squid").len(), 1);
}
