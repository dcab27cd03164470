//! Payloads in a real HDFS, requests in a real ZooKeeper.

#[path = "hdfs/support.rs"]
mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use support::{Cluster, LONG, is_child, payload};

/// In the parent: the test. In the child, which is this very program started again: the command.
#[test]
fn payloads_are_uploaded_and_replaced_whole() {
    if is_child() {
        return;
    }
    let cluster = Cluster::start("payloads_are_uploaded_and_replaced_whole");
    a_payload_with_directories_is_uploaded(&cluster);
    permissions_are_those_of_the_configuration(&cluster);
    a_payload_is_replaced_whole(&cluster);
    foreign_directories_are_not_replaced(&cluster);
    bad_payloads_are_refused(&cluster);
    a_payload_that_is_there_is_checked(&cluster);
    many_files(&cluster);
    left_overs_go(&cluster);
    nothing_but_payloads_is_left(&cluster);
}

fn a_payload_with_directories_is_uploaded(cluster: &Cluster) {
    let local = payload("first");
    let at = |name: &str| local.path().join(name);
    fs::create_dir_all(at("lib/deep/empty")).unwrap();
    fs::write(at("endpoint.dat"), "{}").unwrap();
    for number in 0..200 {
        fs::write(at(&format!("lib/{number}")), number.to_string()).unwrap();
    }
    fs::write(at("lib/deep/strange $name' ü"), vec![7; 3 << 20]).unwrap();

    // A relative path is one below the home directory, and the launcher follows from the configuration.
    let done = cluster.add(&["-hmp", "models/dga"], Some(local.path()));
    assert_eq!(done.code, 0, "{done:?}");
    let uri = cluster.hdfs.uri();
    let stored = format!("Payload stored in {uri}/user/carol/models/dga\n");
    assert!(done.out.starts_with(&stored), "{done:?}");
    for part in [
        &format!("launcher: yarn (payloads in {uri})"),
        "uploading 202 files, 3.1 MB to hdfs://",
        "uploaded 202 files, 3.1 MB to hdfs://",
        "no maas_service of this kind is running",
    ] {
        assert!(done.err.contains(part), "{part}: {done:?}");
    }
    let expected = r#"{"name":"dga","version":"1.0","numInstances":1,"memory":512,"action":"ADD","path":"/user/carol/models/dga"}"#;
    assert_eq!(cluster.queued(), [expected]);

    let list = |below: &str| cluster.list(&format!("/user/carol/models/dga{below}"));
    assert_eq!(list(""), ["lib", "rest.sh"]);
    assert_eq!(list("/lib").len(), 201);
    assert_eq!(list("/lib/deep"), ["empty", "strange $name' ü"]);
    assert_eq!(cluster.read("/user/carol/models/dga/rest.sh"), b"first");
    assert_eq!(cluster.read("/user/carol/models/dga/lib/123"), b"123");
}

fn permissions_are_those_of_the_configuration(cluster: &Cluster) {
    let local = payload("program");
    let program = fs::Permissions::from_mode(0o700);
    fs::set_permissions(local.path().join("rest.sh"), program).unwrap();
    fs::create_dir(local.path().join("lib")).unwrap();
    fs::write(local.path().join("lib/data"), "").unwrap();
    let done = cluster.add(&["-hmp", "/user/carol/program/"], Some(local.path()));
    assert_eq!(done.code, 0, "{done:?}");
    for (below, expected) in [
        ("", "755"),
        ("/rest.sh", "755"),
        ("/lib", "755"),
        ("/lib/data", "644"),
    ] {
        let mode = cluster.permission(&format!("/user/carol/program{below}"));
        assert_eq!(mode, expected, "{below}");
    }
    // The service would look in another file system: the request tells it which.
    let uri = cluster.hdfs.uri();
    let elsewhere = cluster.with_default_file_system("hdfs://127.0.0.1:1");
    let args = ["-mo", "ADD", "-hmp", "program", "--fs-uri", &uri];
    let done = cluster.begin_with(elsewhere.path(), &args, None).finish();
    assert_eq!(done.code, 0, "{done:?}");
    let queued = cluster.queued();
    assert!(
        queued[0].contains(r#""path":"/user/carol/program""#),
        "{queued:?}"
    );
    let expected = format!(r#""path":"{uri}/user/carol/program""#);
    assert!(queued[1].contains(&expected), "{queued:?}");
    cluster.hdfs.delete("/user/carol/program", "carol").unwrap();
}

fn a_payload_is_replaced_whole(cluster: &Cluster) {
    let local = payload("second");
    fs::write(local.path().join("new.bin"), "").unwrap();
    let is_over = AtomicBool::new(false);
    let (old, new) = (["lib", "rest.sh"], ["new.bin", "rest.sh"]);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut looks = 0;
            while !is_over.load(Ordering::Relaxed) {
                let names = cluster.list("/user/carol/models/dga");
                // Between two renames there is nothing; a mixture or a part there is never.
                assert!(
                    names.is_empty() || names == old || names == new,
                    "{names:?}"
                );
                looks += 1;
            }
            looks
        });
        let done = cluster.add(&["-hmp", "/user/carol/models/dga"], Some(local.path()));
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(done.code, 0, "{done:?}");
        assert!(watcher.join().unwrap() > 0);
    });
    assert_eq!(cluster.list("/user/carol/models/dga"), new);
    assert_eq!(cluster.read("/user/carol/models/dga/rest.sh"), b"second");
    assert_eq!(cluster.list("/user/carol/models"), ["dga"]);
    assert_eq!(cluster.queued().len(), 1);
}

fn foreign_directories_are_not_replaced(cluster: &Cluster) {
    let local = payload("third");
    cluster.write("/user/carol/data/part-0", b"precious");
    cluster.write("/user/carol/scripts/a.sh", b"");
    cluster.write("/user/carol/scripts/b.sh", b"");
    cluster.hdfs.make_dir("/user/carol/empty", "carol").unwrap();
    for (path, part) in [
        ("/user/carol/data", "no payload and is not replaced"),
        ("data/part-0", "a file is there already"),
        ("data/part-0/below", "is a file"),
        ("scripts", "no payload and is not replaced"),
        ("models/dga/inner", "lies inside /user/carol/models/dga"),
        ("/user/carol", "your home directory"),
        (".", "your home directory"),
        ("/user", "your home directory"),
        ("/", "your home directory"),
        ("MaaS", "running services"),
        ("MaaS/application_1_0001", "running services"),
        ("hdfs://elsewhere:8020/m", "another file system"),
        ("../dave/models", "\"..\""),
        ("file:///m", "is not one in hdfs://"),
    ] {
        let done = cluster.add(&["-hmp", path], Some(local.path()));
        assert!(done.is_refused_with(part), "{path}: {done:?}");
    }
    assert_eq!(cluster.read("/user/carol/data/part-0"), b"precious");
    // Of another user, and not to be written to.
    let done = cluster.add(&["-hmp", "/models/dga"], Some(local.path()));
    assert!(done.is_refused_with("/models"), "{done:?}");
    assert_eq!(cluster.queued(), [""; 0]);
    let done = cluster.add(&["-hmp", "empty"], Some(local.path()));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(cluster.list("/user/carol/empty"), ["rest.sh"]);
    assert_eq!(cluster.queued().len(), 1);
}

fn bad_payloads_are_refused(cluster: &Cluster) {
    type Spoil = fn(&Path);
    let cases: [(Spoil, &str); 6] = [
        (
            |at| fs::write(at.join("b.sh"), "").unwrap(),
            "it has 2: b.sh, rest.sh",
        ),
        (
            |at| fs::remove_file(at.join("rest.sh")).unwrap(),
            "it has 0",
        ),
        (
            |at| symlink("nowhere", at.join("x")).unwrap(),
            "link to something that is not there",
        ),
        (|at| symlink(".", at.join("x")).unwrap(), "leads back"),
        (|at| make_pipe(&at.join("x")), "a named pipe"),
        (|at| fs::write(at.join("a:b"), "").unwrap(), "a colon"),
    ];
    for (spoil, part) in cases {
        let local = payload("bad");
        spoil(local.path());
        let done = cluster.add(&["-hmp", "bad"], Some(local.path()));
        assert!(done.is_refused_with(part), "{part}: {done:?}");
    }
    let absent = cluster.add(&["-hmp", "bad"], Some(Path::new("/no/such/place")));
    assert!(
        absent.is_refused_with("no such directory on this machine"),
        "{absent:?}"
    );
    assert_eq!(cluster.queued(), [""; 0]);
    assert_eq!(cluster.list("/user/carol/bad"), [""; 0]);
}

fn make_pipe(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status();
    assert!(made.unwrap().success());
}

fn a_payload_that_is_there_is_checked(cluster: &Cluster) {
    let done = cluster.add(&["-hmp", "models/dga"], None);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(
        done.out.starts_with("Queued: start 1 instance of dga 1.0"),
        "{done:?}"
    );
    let queued = cluster.queued();
    assert!(
        queued[0].contains(r#""path":"/user/carol/models/dga""#),
        "{queued:?}"
    );
    cluster.write("/user/carol/models/rest.sh/inner", b"");
    for (path, part) in [
        ("models/none", "no such directory"),
        ("models/dga/rest.sh", "it is a file"),
        ("scripts", "it has 2: a.sh, b.sh"),
        // One script lies deeper, and a directory is called like one.
        ("models", "it has 0"),
    ] {
        let done = cluster.add(&["-hmp", path], None);
        assert!(done.is_refused_with(part), "{path}: {done:?}");
    }
    cluster.set_permission("/user/carol/models/dga/rest.sh", "000");
    let done = cluster.add(&["-hmp", "models/dga"], None);
    assert!(done.is_refused_with("rest.sh"), "{done:?}");
    cluster.set_permission("/user/carol/models/dga/rest.sh", "644");
    assert_eq!(cluster.queued(), [""; 0]);
    cluster
        .hdfs
        .delete("/user/carol/models/rest.sh", "carol")
        .unwrap();
}

fn many_files(cluster: &Cluster) {
    let local = payload("many");
    for number in 0..2000 {
        let content = vec![b'x'; number];
        fs::write(local.path().join(format!("{number}.bin")), content).unwrap();
    }
    let began = Instant::now();
    let done = cluster.add(&["-hmp", "many"], Some(local.path()));
    assert_eq!(done.code, 0, "{done:?}");
    println!("2001 files in {:.1} s", began.elapsed().as_secs_f64());
    assert!(done.err.contains("uploaded 2001 files, 2.0 MB"), "{done:?}");
    assert_eq!(cluster.list("/user/carol/many").len(), 2001);
    assert_eq!(cluster.read("/user/carol/many/1999.bin").len(), 1999);
    assert_eq!(cluster.queued().len(), 1);
}

fn left_overs_go(cluster: &Cluster) {
    let two_days_ago = support::now_ms() - 2 * 24 * 60 * 60 * 1000;
    let old =
        |kind: &str, name: &str| format!("/user/carol/models/.{name}.{two_days_ago:x}-1f.{kind}");
    let young = format!(
        "/user/carol/models/.dga.{:x}-1f.uploading",
        support::now_ms()
    );
    for directory in [
        &old("uploading", "dga"),
        &old("replaced", "dga"),
        &old("replaced", "gone"),
        &young,
    ] {
        cluster.write(&format!("{directory}/rest.sh"), b"");
        cluster.set_time(directory, two_days_ago);
    }
    let local = payload("fourth");
    let done = cluster.add(&["-hmp", "models/dga"], Some(local.path()));
    assert_eq!(done.code, 0, "{done:?}");
    let mut expected = vec![
        young.clone(),
        old("replaced", "gone"),
        "/user/carol/models/dga".to_owned(),
    ];
    expected.sort();
    let left: Vec<String> = cluster.list("/user/carol/models");
    let left: Vec<String> = left
        .iter()
        .map(|name| format!("/user/carol/models/{name}"))
        .collect();
    assert_eq!(left, expected);
    for directory in [young, old("replaced", "gone")] {
        cluster.hdfs.delete(&directory, "carol").unwrap();
    }
    assert_eq!(cluster.queued().len(), 1);
}

fn nothing_but_payloads_is_left(cluster: &Cluster) {
    let names = cluster.list("/user/carol");
    assert_eq!(names, ["data", "empty", "many", "models", "scripts"]);
}

/// As above.
#[test]
fn an_upload_that_fails_leaves_nothing_behind() {
    if is_child() {
        return;
    }
    let cluster = Cluster::start("an_upload_that_fails_leaves_nothing_behind");
    let former = payload("former");
    // A NameNode that waits for one block only does not wait at all.
    for name in ["a", "b", "c"] {
        fs::write(former.path().join(name), name).unwrap();
    }
    let done = cluster.add(&["-hmp", "dga"], Some(former.path()));
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(cluster.queued().len(), 1);

    a_full_file_system(&cluster);
    for signal in ["INT", "TERM"] {
        an_interruption(&cluster, signal);
    }
    safe_mode(&cluster);
    an_absent_name_node(&cluster);
}

fn a_full_file_system(cluster: &Cluster) {
    let local = payload("too much");
    fs::write(local.path().join("model.bin"), vec![0; 1 << 20]).unwrap();
    // Less than one block, which is what a file that is being written takes.
    cluster.set_space_quota("/user/carol", 1 << 20);
    let done = cluster.add(&["-hmp", "dga"], Some(local.path()));
    cluster.set_space_quota("/user/carol", -1);
    assert!(done.is_refused_with("quota"), "{done:?}");
    cluster.assert_only_the_former_payload();
}

fn an_interruption(cluster: &Cluster, signal: &str) {
    let local = payload("interrupted");
    for number in 0..50 {
        fs::write(local.path().join(format!("{number}.bin")), vec![0; 1 << 16]).unwrap();
    }
    // Nothing gets through, so that the signal comes in the middle.
    cluster.hdfs.pause_datanode();
    let mut child = cluster.begin(&["-hmp", "dga"], Some(local.path()));
    cluster.wait_for_names("/user/carol", 2);
    let sent = std::process::Command::new("sh")
        .args(["-c", &format!("kill -{signal} {}", child.id())])
        .status();
    assert!(sent.unwrap().success());
    let began = Instant::now();
    let done = child.finish();
    cluster.hdfs.resume_datanode();
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    assert!(
        done.is_refused_with("interrupted: nothing is uploaded"),
        "{done:?}"
    );
    cluster.assert_only_the_former_payload();
}

fn safe_mode(cluster: &Cluster) {
    let local = payload("late");
    // A NameNode is in safe mode until it has heard of the blocks.
    cluster.hdfs.pause_datanode();
    cluster.hdfs.kill_namenode();
    cluster.hdfs.start_again().unwrap();
    let done = cluster.add(&["-hmp", "dga"], Some(local.path()));
    assert!(done.is_refused_with("safe mode"), "{done:?}");
    cluster.hdfs.resume_datanode();
    cluster.wait_until_writable();
    cluster.assert_only_the_former_payload();
}

fn an_absent_name_node(cluster: &Cluster) {
    let local = payload("never");
    cluster.hdfs.kill_namenode();
    for payload in [Some(local.path()), None] {
        let began = Instant::now();
        let done = cluster.add(&["-hmp", "dga"], payload);
        assert!(done.is_refused_with(&cluster.hdfs.uri()), "{done:?}");
        assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    }
    cluster.hdfs.start_again().unwrap();
    cluster.wait_until_writable();
    cluster.assert_only_the_former_payload();
}
