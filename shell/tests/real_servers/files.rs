use serde_json::json;

use crate::bench::Bench;

const CONTENT: &str = "foo é\\nbär 😀";

/// Writes, reads, lists and removes below a folder.
fn round_trip(bench: &Bench, system: &str, folder: &str) {
    let file = format!("'{folder}/a/b/put.dat'");
    let json =
        |function: &str, arguments: &str| bench.json(&format!("{system}_{function}({arguments})"));
    let text =
        |function: &str, arguments: &str| bench.text(&format!("{system}_{function}({arguments})"));
    assert_eq!(json("READ", &file), json!(null));
    assert_eq!(json("READ_LINES", &file), json!(null));
    assert!(text("LS", &file).contains("(empty)"));

    assert_eq!(
        json("WRITE", &format!("'longer than what comes', {file}")),
        json!(true)
    );
    assert_eq!(json("WRITE", &format!("'{CONTENT}', {file}")), json!(true));
    assert_eq!(json("READ", &file), json!("foo é\nbär 😀"));
    assert_eq!(json("READ_LINES", &file), json!(["foo é", "bär 😀"]));
    let listing = text("LS", &format!("'{folder}/a/b'"));
    let header = "║ PERMISSION │ OWNER ";
    assert!(listing.contains(header), "{listing}");
    assert!(listing.contains("║ rw-r--r--  │ "), "{listing}");
    assert!(
        listing.contains(" │ 16 ") && listing.contains(" put.dat ║"),
        "{listing}"
    );
    let alone = text("LS", &file);
    assert!(alone.contains(" put.dat ║"), "{alone}");
    let above = text("LS", &format!("'{folder}/a/'"));
    assert!(above.contains("║ rwx") && above.contains(" b "), "{above}");

    // A folder with something in it goes only when that is asked for.
    let folder_of_it = format!("'{folder}/a'");
    assert_eq!(json("RM", &folder_of_it), json!(false));
    assert_eq!(
        json("READ", &folder_of_it),
        json!(null),
        "a folder has no content"
    );
    assert_eq!(json("WRITE", &format!("'x', {folder_of_it}")), json!(false));
    assert_eq!(json("RM", &file), json!(true));
    assert_eq!(
        json("RM", &file),
        json!(true),
        "nothing is there, so it is gone"
    );
    assert_eq!(json("WRITE", &format!("'', {file}")), json!(true));
    assert_eq!(json("READ", &file), json!(""));
    assert_eq!(json("READ_LINES", &file), json!([]));
    assert_eq!(json("RM", &format!("{folder_of_it}, true")), json!(true));
    assert!(text("LS", &format!("'{folder}'")).contains("(empty)"));

    // Nothing is done for nothing.
    assert_eq!(json("READ", "null"), json!(null));
    assert_eq!(json("WRITE", &format!("null, {file}")), json!(false));
    assert_eq!(json("WRITE", "'x', null"), json!(false));
    assert_eq!(json("RM", "null"), json!(false));
    assert_eq!(json("RM", "'/', true"), json!(false));
    assert!(text("LS", "null").contains("(empty)"));
}

pub fn of_this_machine(bench: &Bench) {
    let folder = tempfile::tempdir().unwrap();
    round_trip(bench, "LOCAL", folder.path().to_str().unwrap());
    round_trip(
        bench,
        "LOCAL",
        &format!("file://{}", folder.path().display()),
    );
    assert!(bench.text("LOCAL_LS()").contains("LAST MOD TIME"));

    let large = folder.path().join("large");
    std::fs::File::create(&large)
        .unwrap()
        .set_len((16 << 20) + 1)
        .unwrap();
    let error = bench.error(&format!("LOCAL_READ('{}')", large.display()));
    assert!(error.contains("holds more than 16 MiB"), "{error}");
    assert_eq!(bench.json("LOCAL_READ('/dev/zero')"), json!(null));
    assert_eq!(bench.json("LOCAL_READ('hdfs://node1/x')"), json!(null));
    std::fs::write(folder.path().join("latin"), b"caf\xe9").unwrap();
    let latin = format!("LOCAL_READ('{}/latin')", folder.path().display());
    assert_eq!(bench.json(&latin), json!("caf\u{fffd}"));
    let lines = folder.path().join("lines");
    std::fs::write(&lines, "\n".repeat(1_000_001)).unwrap();
    let error = bench.error(&format!("LOCAL_READ_LINES('{}')", lines.display()));
    assert!(error.contains("more than 1000000 lines"), "{error}");
}

pub fn of_hdfs(bench: &Bench) {
    bench.hdfs.make_dir("/tests", &user()).unwrap();
    round_trip(bench, "HDFS", "/tests");
    round_trip(bench, "HDFS", &format!("{}/tests", bench.hdfs.uri()));
    // A path without a slash is below the home folder, which a listing without a path shows.
    assert!(bench.text("HDFS_LS()").contains("(empty)"));
    assert_eq!(bench.json("HDFS_WRITE('x', 'mine.txt')"), json!(true));
    assert!(bench.text("HDFS_LS()").contains(" mine.txt ║"));
    let whole = format!("HDFS_READ('/user/{}/mine.txt')", user());
    assert_eq!(bench.json(&whole), json!("x"));

    let large = vec![b'x'; (16 << 20) + 1];
    bench.hdfs.write("/tests/large", &user(), &large).unwrap();
    let error = bench.error("HDFS_READ('/tests/large')");
    assert!(
        error.contains("the file /tests/large holds more than 16 MiB"),
        "{error}"
    );
}

/// The file system is the one of the folder of indexed events; without it, the one of the Hadoop configuration.
pub fn of_another_file_system(bench: &Bench) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    let local = r#"{"indexing.writer.hdfs.root": "file:///tmp/indexed"}"#;
    let write = format!("HDFS_WRITE('here', '{}')", file.display());
    assert_eq!(bench.try_with(local, &write).unwrap().to_json(), "true");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "here");
    assert_eq!(
        bench.try_with("{}", "HDFS_READ('/x')").unwrap().to_json(),
        "null"
    );
    assert_eq!(bench.json("HDFS_READ('hdfs://127.0.0.1:1/x')"), json!(null));
}

/// Whoever runs the servers is their superuser.
fn user() -> String {
    let id = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}
