//! Files in an HDFS that demands tickets.

use std::time::Duration;

use alidade_indexing::GlobalIndexingSettings;
use alidade_indexing::hdfs::HdfsWriter;
use alidade_testkit::{Kdc, Realm};

use crate::common::{Came, YAHOO, dispatcher, drain, index, items, offer};

/// Says to a run of this test that it is one of the processes below, and which.
const PROCESS: &str = "TEST_PROCESS";
const ROOT: &str = "TEST_ROOT";

const FOLDER: &str = "/apps/metron/indexing/indexed";

#[test]
fn files_are_written_with_a_ticket() {
    if let Ok(process) = std::env::var(PROCESS) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(as_client(&process));
    }
    let kdc = Kdc::start().unwrap();
    let hdfs = kdc.hdfs().unwrap();
    let conf_dir = hdfs.conf_dir();
    let run = |realm: &Realm, process: &str, folder: &str| {
        let root = format!("{}{FOLDER}/{folder}", hdfs.uri());
        realm.run_test(
            "kerberos::files_are_written_with_a_ticket",
            &[
                (PROCESS, process),
                (ROOT, &root),
                ("HADOOP_CONF_DIR", conf_dir.to_str().unwrap()),
            ],
        );
    };
    let stored = |folder: &str| {
        let folder = format!("{FOLDER}/{folder}/squid");
        let names = hdfs.list(&folder, "hdfs").unwrap();
        let read = |name: &String| hdfs.read(&format!("{folder}/{name}"), "hdfs").unwrap();
        names.iter().flat_map(read).collect::<Vec<u8>>()
    };
    for (realm, folder) in [
        (kdc.with_ticket("metron").unwrap(), "ticket"),
        (kdc.with_keytab("metron"), "keytab"),
    ] {
        run(&realm, "may", folder);
        let text = String::from_utf8(stored(folder)).unwrap();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.contains("yahoo.com"), "{text}");
    }
    for (realm, folder) in [
        (kdc.with_ticket("stranger").unwrap(), "stranger"),
        (kdc.without_ticket(), "nobody"),
    ] {
        run(&realm, "may not", folder);
        assert!(stored(folder).is_empty());
    }
}

async fn as_client(process: &str) {
    let root = std::env::var(ROOT).unwrap();
    let global = format!(r#"{{"indexing.writer.hdfs.root": "{root}"}}"#);
    let settings = GlobalIndexingSettings::from_json(global.as_bytes()).unwrap();
    let mut dispatcher = dispatcher(HdfsWriter::new(&settings.hdfs).unwrap());
    if process == "may" {
        let came = index(&mut dispatcher, items(&[YAHOO])).await;
        assert_eq!((came.done, came.left), (vec![0], 0));
        return;
    }
    // Neither done nor given up: it is tried again.
    offer(&mut dispatcher, items(&[YAHOO]));
    let came = drain(&mut dispatcher, Duration::from_secs(5)).await;
    let waits = Came {
        left: 1,
        ..Came::default()
    };
    assert_eq!(came, waits);
}
