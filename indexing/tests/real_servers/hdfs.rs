use std::time::Duration;

use alidade_indexing::hdfs::HdfsWriter;
use alidade_indexing::{GlobalIndexingSettings, HdfsGlobal, OutputPath};
use alidade_stellar::Library;
use alidade_testkit::Hdfs;

use crate::common::{
    CNN, Came, YAHOO, dispatcher, dispatcher_with, drain, event, index, items, offer, parsed,
};

const ROOT: &str = "/apps/metron/indexing/indexed";

fn settings(hdfs: &Hdfs) -> HdfsGlobal {
    let global = format!(r#"{{"indexing.writer.hdfs.root": "{}{ROOT}"}}"#, hdfs.uri());
    let global = GlobalIndexingSettings::from_json(global.as_bytes());
    global.expect("global settings").hdfs
}

/// Whoever runs the servers is their superuser.
fn user() -> String {
    let id = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}

fn names(hdfs: &Hdfs, folder: &str) -> Vec<String> {
    hdfs.list(&format!("{ROOT}/{folder}"), &user()).unwrap()
}

fn lines(hdfs: &Hdfs, folder: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for name in names(hdfs, folder) {
        let content = hdfs
            .read(&format!("{ROOT}/{folder}/{name}"), &user())
            .unwrap();
        lines.extend(
            String::from_utf8(content)
                .unwrap()
                .lines()
                .map(str::to_owned),
        );
    }
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn the_walk_through_in_hdfs() {
    let hdfs = Hdfs::start().unwrap();
    let mut dispatcher = dispatcher(HdfsWriter::new(&settings(&hdfs)).unwrap());
    let came = index(&mut dispatcher, items(&[YAHOO, CNN])).await;
    assert_eq!((came.done, came.left), (vec![0, 1], 0));
    let name = "enrichment-hdfsIndexingBolt-indexing-0-0-1.json";
    assert_eq!(names(&hdfs, "squid"), [name]);
    let stored = lines(&hdfs, "squid");
    assert_eq!(stored.len(), 2);
    assert_eq!(parsed(&stored[0]), parsed(YAHOO));
    assert_eq!(parsed(&stored[1]), parsed(CNN));

    // Another process gets the same records and one more.
    let more = event("more", "n", "1");
    let mut again = crate::common::dispatcher(HdfsWriter::new(&settings(&hdfs)).unwrap());
    let came = index(&mut again, items(&[YAHOO, CNN, &more])).await;
    assert_eq!((came.done, came.left), (vec![0, 1, 2], 0));
    assert_eq!(names(&hdfs, "squid").len(), 2);
    assert_eq!(lines(&hdfs, "squid").len(), 3);

    goes_where_the_function_says(&hdfs).await;
    outlives_a_crash(&hdfs).await;
}

async fn goes_where_the_function_says(hdfs: &Hdfs) {
    let path = OutputPath::compile("uid", "/hdfs/outputPathFunction", &Library::metron())
        .expect("the function compiles");
    let mut dispatcher =
        dispatcher_with(HdfsWriter::new(&settings(hdfs)).unwrap(), move |settings| {
            settings.output_path = path.clone();
        });
    let (one, two) = (
        event("a", "uid", "\"uid-1\""),
        event("b", "uid", "\"../../uid-2:3\""),
    );
    let came = index(&mut dispatcher, items(&[&one, &two])).await;
    assert_eq!(came.done, [0, 1], "{came:?}");
    assert_eq!(lines(hdfs, "uid-1").len(), 1);
    let root = hdfs.list(ROOT, &user()).unwrap();
    assert_eq!(root.len(), 3, "{root:?}");
    let parts: Vec<String> = hdfs.list(&format!("{ROOT}/{}", root[0]), &user()).unwrap();
    assert!(
        root[0].starts_with("_.") && parts.len() == 1,
        "{root:?} {parts:?}"
    );
}

/// Items that come while the servers are down are kept, and stored when they are back.
async fn outlives_a_crash(hdfs: &Hdfs) {
    let mut dispatcher = dispatcher_with(HdfsWriter::new(&settings(hdfs)).unwrap(), |settings| {
        settings.index = "unused".into();
    });
    let during = r#"{"source.type":"crash","guid":"during"}"#;
    hdfs.kill_namenode();
    hdfs.kill_datanode();
    offer(&mut dispatcher, items(&[during]));
    let came = drain(&mut dispatcher, Duration::from_secs(1)).await;
    assert_eq!(
        came,
        Came {
            left: 1,
            ..Came::default()
        }
    );
    hdfs.start_again().unwrap();
    let came = drain(&mut dispatcher, Duration::from_secs(120)).await;
    assert_eq!((came.done, came.left), (vec![0], 0));
    assert_eq!(lines(hdfs, "crash"), [during]);
}
