//! Files in a real HDFS.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use alidade_hadoop::{
    ApplicationFiles, FileProblem, FileSystem, HadoopConf, HadoopError, Login, Repeat, RpcClient,
    RpcOptions, ServerAddress, application_resources, hdfs_credentials, payload_resources,
};
use alidade_testkit::Hdfs;

const NO_PROGRESS: &(dyn Fn(u64) + Sync) = &|_| {};

#[tokio::test(flavor = "multi_thread")]
async fn files_in_hdfs() {
    let hdfs = Hdfs::start().unwrap();
    let conf = HadoopConf::read(&hdfs.conf_dir()).unwrap();
    let fs = FileSystem::connect(&conf, None).await.unwrap();
    assert_eq!(fs.uri(), hdfs.uri());
    assert_eq!(fs.home(), format!("/user/{}", fs.user()));
    assert_eq!(fs.url("a"), format!("{}/user/{}/a", hdfs.uri(), fs.user()));
    assert_eq!(hdfs_credentials(&conf, &fs).await.unwrap(), None);

    who_has_no_home_is_told(&conf).await;
    fs.prepare_home().await.unwrap();
    assert!(fs.status("").await.is_err());
    let home = fs.status(&fs.home()).await.unwrap().unwrap();
    assert_eq!((home.is_directory, home.mode), (true, 0o700));

    files_are_written_and_read(&fs).await;
    directories_are_listed(&fs).await;
    files_are_renamed_and_deleted(&fs).await;
    large_files_stream(&fs).await;
    nothing_half_written_stays(&hdfs, &fs).await;
    an_application_has_its_files(&hdfs, &fs).await;
    a_payload_becomes_resources(&fs).await;
    others_are_denied(&conf, &fs).await;
    quotas_hold(&conf, &fs).await;
    safe_mode_is_told(&conf, &fs).await;
    a_datanode_that_is_away_is_told(&hdfs, &fs).await;
    a_namenode_that_is_away_is_told(&hdfs, &fs).await;
}

fn problem<T: std::fmt::Debug>(outcome: Result<T, HadoopError>) -> (FileProblem, String) {
    let error = outcome.unwrap_err();
    let problem = error.file_problem();
    (
        problem.unwrap_or_else(|| panic!("{error}")),
        error.to_string(),
    )
}

async fn who_has_no_home_is_told(conf: &HadoopConf) {
    let alice = FileSystem::connect_as(conf, None, "alice").await.unwrap();
    assert_eq!(
        (alice.user(), alice.home().as_str()),
        ("alice", "/user/alice")
    );
    for outcome in [
        alice.prepare_home().await,
        alice.make_directories("MaaS/x", 0o700).await,
        alice.write("a/b", b"x", 0o600).await.map(|_| ()),
    ] {
        let (problem, text) = problem(outcome);
        assert_eq!(problem, FileProblem::NoHome, "{text}");
        let commands = "`hdfs dfs -mkdir -p /user/alice` and `hdfs dfs -chown alice /user/alice`";
        assert!(text.contains(commands), "{text}");
    }
}

async fn files_are_written_and_read(fs: &FileSystem) {
    let written = fs.write("docs/ä b.txt", b"hello", 0o640).await.unwrap();
    assert_eq!(written.path, format!("{}/docs/ä b.txt", fs.home()));
    assert_eq!((written.size, written.mode), (5, 0o640));
    assert_eq!(written.owner, fs.user());
    assert!(written.modified_ms > 1_600_000_000_000, "{written:?}");
    assert_eq!(
        fs.status("docs/ä b.txt").await.unwrap(),
        Some(written.clone())
    );
    let content = fs.read("docs/ä b.txt", 5).await.unwrap();
    assert_eq!(content.as_deref(), Some(&b"hello"[..]));
    assert_eq!(fs.read("docs/none", 5).await.unwrap(), None);
    assert_eq!(fs.status("docs/none").await.unwrap(), None);
    assert_eq!(
        problem(fs.read("docs/ä b.txt", 4).await).0,
        FileProblem::TooMuch
    );
    assert_eq!(
        problem(fs.read("docs", 4).await).0,
        FileProblem::IsADirectory
    );

    let shorter = fs.write("docs/ä b.txt", b"hi", 0o600).await.unwrap();
    assert_eq!((shorter.size, shorter.mode), (2, 0o600));
    let empty = fs.write("docs/empty", b"", 0o600).await.unwrap();
    assert_eq!(empty.size, 0);
    assert_eq!(fs.read("docs/empty", 0).await.unwrap(), Some(Vec::new()));

    let (below_a_file, _) = problem(fs.write("docs/empty/a", b"", 0o600).await);
    assert_eq!(below_a_file, FileProblem::NotADirectory);
    assert_eq!(
        problem(fs.write("docs", b"", 0o600).await).0,
        FileProblem::IsADirectory
    );
    assert!(fs.write("../a", b"", 0o600).await.is_err());

    let resource = fs.local_resource(&shorter).unwrap();
    assert_eq!(
        (resource.path.as_str(), resource.size),
        (shorter.path.as_str(), 2)
    );
    assert_eq!(resource.modified_ms, shorter.modified_ms);
    let directory = fs.status("docs").await.unwrap().unwrap();
    assert!(fs.local_resource(&directory).is_err());
}

async fn directories_are_listed(fs: &FileSystem) {
    for name in ["tree/b/c/2", "tree/a", "tree/b/.hidden", "tree/b/c/1"] {
        fs.write(name, b"x", 0o600).await.unwrap();
    }
    fs.make_directories("tree/nothing/in/here", 0o755)
        .await
        .unwrap();
    // Again, and with another mode: it stays.
    fs.make_directories("tree/nothing/in/here/", 0o700)
        .await
        .unwrap();
    let made = fs.status("tree/nothing/in/here").await.unwrap().unwrap();
    assert_eq!((made.is_directory, made.mode, made.size), (true, 0o755, 0));

    let files = fs.files_below("tree/", 4).await.unwrap();
    let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
    let expected =
        ["a", "b/.hidden", "b/c/1", "b/c/2"].map(|name| format!("{}/tree/{name}", fs.home()));
    assert_eq!(paths, expected);
    assert!(fs.files_below("tree/nothing", 0).await.unwrap().is_empty());
    assert_eq!(
        problem(fs.files_below("tree", 3).await).0,
        FileProblem::TooMuch
    );
    assert_eq!(
        problem(fs.files_below("none", 3).await).0,
        FileProblem::Missing
    );
    assert_eq!(
        problem(fs.files_below("tree/a", 3).await).0,
        FileProblem::NotADirectory
    );
    let (over_a_file, text) = problem(fs.make_directories("tree/a", 0o700).await);
    assert_eq!(over_a_file, FileProblem::Exists, "{text}");
}

async fn files_are_renamed_and_deleted(fs: &FileSystem) {
    let before = fs.write("from/file", b"content", 0o600).await.unwrap();
    fs.write("to/other", b"other", 0o600).await.unwrap();
    assert_eq!(
        problem(fs.rename("from/file", "to/other").await).0,
        FileProblem::Exists
    );
    assert_eq!(
        problem(fs.rename("from/none", "to/none").await).0,
        FileProblem::Missing
    );
    assert_eq!(
        problem(fs.rename("from/file", "none/file").await).0,
        FileProblem::Missing
    );
    // Not into a directory that is there.
    assert_eq!(
        problem(fs.rename("from/file", "to").await).0,
        FileProblem::Exists
    );
    fs.rename("from/file", "to/file").await.unwrap();
    let after = fs.status("to/file").await.unwrap().unwrap();
    assert_eq!(
        (after.size, after.modified_ms),
        (before.size, before.modified_ms)
    );
    fs.rename("to", "from/to").await.unwrap();
    assert_eq!(fs.status("to/file").await.unwrap(), None);

    assert!(fs.delete("from").await.unwrap());
    assert!(!fs.delete("from").await.unwrap());
    assert_eq!(fs.status("from/to/file").await.unwrap(), None);
    assert!(fs.delete("/").await.is_err());
}

async fn large_files_stream(fs: &FileSystem) {
    let dir = tempfile::tempdir().unwrap();
    let local = dir.path().join("large");
    let content: Vec<u8> = (0..30_000_001_u32).map(|at| (at % 251) as u8).collect();
    std::fs::write(&local, &content).unwrap();
    let sent = AtomicU64::new(0);
    let pieces = AtomicU64::new(0);
    let progress = |bytes: u64| {
        sent.fetch_add(bytes, Ordering::Relaxed);
        pieces.fetch_add(1, Ordering::Relaxed);
    };
    let uploaded = fs
        .upload(&local, "large/one", 0o500, &progress)
        .await
        .unwrap();
    assert_eq!((uploaded.size, uploaded.mode), (30_000_001, 0o500));
    assert_eq!(sent.load(Ordering::Relaxed), 30_000_001);
    assert!(pieces.load(Ordering::Relaxed) >= 28);

    let copied = fs.copy("large/one", "large/two", 0o400).await.unwrap();
    assert_eq!((copied.size, copied.mode), (30_000_001, 0o400));
    let back = fs.read("large/two", 30_000_001).await.unwrap().unwrap();
    assert!(back == content);
    assert_eq!(
        problem(fs.copy("large/none", "large/a", 0o400).await).0,
        FileProblem::Missing
    );

    let missing = fs
        .upload(&dir.path().join("none"), "large/a", 0o500, NO_PROGRESS)
        .await;
    assert!(
        matches!(missing, Err(HadoopError::File { .. })),
        "{missing:?}"
    );
}

/// Everything in a directory below the home, hidden or not.
fn names_in(hdfs: &Hdfs, fs: &FileSystem, directory: &str) -> Vec<String> {
    let path = fs.absolute(directory).unwrap();
    hdfs.list(&path, fs.user()).unwrap()
}

/// Neither after an error nor when nobody waits for the end any more.
async fn nothing_half_written_stays(hdfs: &Hdfs, fs: &FileSystem) {
    let before = fs.write("half/file", b"before", 0o600).await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let unreadable = fs
        .upload(directory.path(), "half/file", 0o600, NO_PROGRESS)
        .await;
    assert!(
        matches!(unreadable, Err(HadoopError::File { .. })),
        "{unreadable:?}"
    );
    assert_eq!(names_in(hdfs, fs, "half"), ["file"]);
    assert_eq!(fs.status("half/file").await.unwrap(), Some(before.clone()));

    let local = directory.path().join("local");
    std::fs::write(&local, vec![0; 8 << 20]).unwrap();
    let first = tokio::sync::Notify::new();
    let progress = |_: u64| first.notify_one();
    tokio::select! {
        outcome = fs.upload(&local, "half/file", 0o600, &progress) => panic!("{outcome:?}"),
        () = first.notified() => {}
    }
    let give_up_at = Instant::now() + Duration::from_secs(30);
    while names_in(hdfs, fs, "half") != ["file"] {
        assert!(
            Instant::now() < give_up_at,
            "{:?}",
            names_in(hdfs, fs, "half")
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(fs.status("half/file").await.unwrap(), Some(before));
}

async fn an_application_has_its_files(hdfs: &Hdfs, fs: &FileSystem) {
    let id = "application_1_0001".parse().unwrap();
    let mut files = ApplicationFiles::create(fs, "MaaS", id).await.unwrap();
    let directory = format!("{}/MaaS/application_1_0001", fs.home());
    assert_eq!(files.directory(), directory);
    let expected = ApplicationFiles::directory_of(fs, "MaaS", id).unwrap();
    assert_eq!(files.directory(), expected);
    for path in ["MaaS", &directory] {
        assert_eq!(fs.status(path).await.unwrap().unwrap().mode, 0o700);
    }

    let local = tempfile::tempdir().unwrap();
    let binary = local.path().join("binary");
    std::fs::write(&binary, vec![7; 3 << 20]).unwrap();
    let sent = AtomicU64::new(0);
    let progress = |bytes: u64| {
        sent.fetch_add(bytes, Ordering::Relaxed);
    };
    files
        .upload("alidade", &binary, 0o500, &progress)
        .await
        .unwrap();
    assert_eq!(sent.load(Ordering::Relaxed), 3 << 20);
    files.add("settings.json", b"{}").await.unwrap();
    let none = files.add_configuration(local.path()).await.unwrap_err();
    assert!(none.to_string().contains("no core-site.xml"), "{none}");
    files.add_configuration(&hdfs.conf_dir()).await.unwrap();
    for name in ["../a", "tmp", "a\"b"] {
        let refused = files.add(name, b"").await.unwrap_err().to_string();
        assert!(refused.contains("a container cannot have"), "{refused}");
    }

    let resources = files.local_resources().clone();
    let names: Vec<&str> = resources.keys().map(String::as_str).collect();
    let expected = [
        "alidade",
        "hadoop-conf/core-site.xml",
        "hadoop-conf/hdfs-site.xml",
        "settings.json",
    ];
    assert_eq!(names, expected);
    assert_eq!(resources["alidade"].size, 3 << 20);
    for (name, mode) in [
        ("alidade", 0o500),
        ("settings.json", 0o600),
        ("hadoop-conf", 0o700),
    ] {
        let status = fs.status(&format!("{directory}/{name}")).await.unwrap();
        assert_eq!(status.unwrap().mode, mode, "{name}");
    }
    let core_site = fs
        .read(&resources["hadoop-conf/core-site.xml"].path, 1 << 20)
        .await
        .unwrap();
    assert_eq!(
        core_site,
        Some(std::fs::read(hdfs.conf_dir().join("core-site.xml")).unwrap())
    );

    let again = application_resources(fs, &directory, &["alidade", "settings.json", "hadoop-conf"]);
    assert_eq!(again.await.unwrap(), resources);
    let missing = application_resources(fs, &directory, &["none"]).await;
    assert_eq!(problem(missing).0, FileProblem::Missing);

    files.remove().await.unwrap();
    assert_eq!(fs.status(&directory).await.unwrap(), None);
}

async fn a_payload_becomes_resources(fs: &FileSystem) {
    for name in [
        "run.sh",
        "lib/a/b.py",
        ".hidden/x",
        "endpoint.dat",
        "lib/endpoint.dat",
    ] {
        fs.write(&format!("payload/{name}"), name.as_bytes(), 0o700)
            .await
            .unwrap();
    }
    for directory in ["payload", "payload/", &fs.url("payload")] {
        let resources = payload_resources(fs, directory, 5).await.unwrap();
        let names: Vec<&str> = resources.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [".hidden/x", "lib/a/b.py", "lib/endpoint.dat", "run.sh"]
        );
        let script = fs.status("payload/run.sh").await.unwrap().unwrap();
        assert_eq!(resources["run.sh"], fs.local_resource(&script).unwrap());
    }
    assert_eq!(
        problem(payload_resources(fs, "payload", 4).await).0,
        FileProblem::TooMuch
    );
    assert_eq!(
        problem(payload_resources(fs, "none", 4).await).0,
        FileProblem::Missing
    );
    fs.write("payload/$(id)", b"", 0o700).await.unwrap();
    let refused = payload_resources(fs, "payload", 9)
        .await
        .unwrap_err()
        .to_string();
    assert!(refused.contains("under the name \"$(id)\""), "{refused}");
}

async fn others_are_denied(conf: &HadoopConf, fs: &FileSystem) {
    let file = fs.write("/shared/file", b"x", 0o600).await.unwrap();
    let bob = FileSystem::connect_as(conf, None, "bob").await.unwrap();
    let (read, text) = problem(bob.read(&file.path, 10).await);
    assert_eq!(read, FileProblem::Denied);
    let expected = format!(
        "user bob has no READ permission for /shared/file (owner {}",
        fs.user()
    );
    assert!(text.contains(&expected), "{text}");
    for outcome in [
        bob.write("/shared/bobs", b"", 0o600).await.map(|_| ()),
        bob.delete("/shared/file").await.map(|_| ()),
        bob.rename("/shared/file", "/shared/other").await,
        bob.make_directories("/shared/bobs", 0o700).await,
    ] {
        let (problem, text) = problem(outcome);
        assert_eq!(problem, FileProblem::Denied, "{text}");
        assert!(text.contains("for /shared (owner "), "{text}");
    }
}

fn name_node(conf: &HadoopConf) -> RpcClient {
    let uri = conf.get("fs.defaultFS").unwrap().unwrap();
    let address = uri.strip_prefix("hdfs://").unwrap();
    let address = ServerAddress::parse(address, None).unwrap();
    let login = Login::from_conf(conf, "dfs.namenode.kerberos.principal").unwrap();
    let protocol = "org.apache.hadoop.hdfs.protocol.ClientProtocol";
    RpcClient::new(protocol, vec![address], login, RpcOptions::default()).unwrap()
}

#[derive(Clone, PartialEq, prost::Message)]
struct Nothing {}

#[derive(Clone, PartialEq, prost::Message)]
struct SetSafeMode {
    #[prost(int32, required, tag = "1")]
    action: i32,
}

#[derive(Clone, PartialEq, prost::Message)]
struct SetQuota {
    #[prost(string, required, tag = "1")]
    path: String,
    #[prost(uint64, required, tag = "2")]
    names: u64,
    #[prost(uint64, required, tag = "3")]
    bytes: u64,
}

async fn quotas_hold(conf: &HadoopConf, fs: &FileSystem) {
    fs.make_directories("/small", 0o755).await.unwrap();
    let request = SetQuota {
        path: "/small".into(),
        names: 3,
        bytes: i64::MAX as u64,
    };
    let _: Nothing = name_node(conf)
        .call("setQuota", &request, Repeat::Safe)
        .await
        .unwrap();
    fs.write("/small/1", b"", 0o600).await.unwrap();
    fs.write("/small/2", b"", 0o600).await.unwrap();
    let (third, text) = problem(fs.write("/small/3", b"", 0o600).await);
    assert_eq!(third, FileProblem::NoSpace, "{text}");
    assert!(text.contains("a quota is used up"), "{text}");
}

async fn safe_mode_is_told(conf: &HadoopConf, fs: &FileSystem) {
    let (leave, enter) = (1, 2);
    let set = async |action| {
        let request = SetSafeMode { action };
        let _: Nothing = name_node(conf)
            .call("setSafeMode", &request, Repeat::Safe)
            .await
            .unwrap();
    };
    let file = fs.write("safe", b"before", 0o600).await.unwrap();
    set(enter).await;
    for outcome in [
        fs.write("safe", b"after", 0o600).await.map(|_| ()),
        fs.delete("safe").await.map(|_| ()),
        fs.make_directories("new", 0o700).await,
        fs.rename("safe", "other").await,
    ] {
        let (problem, text) = problem(outcome);
        assert_eq!(problem, FileProblem::SafeMode, "{text}");
        assert!(text.contains("hdfs dfsadmin -safemode leave"), "{text}");
    }
    assert_eq!(
        fs.read("safe", 10).await.unwrap().as_deref(),
        Some(&b"before"[..])
    );
    set(leave).await;
    assert_eq!(fs.status("safe").await.unwrap(), Some(file));
}

async fn a_datanode_that_is_away_is_told(hdfs: &Hdfs, fs: &FileSystem) {
    hdfs.kill_datanode();
    let started = Instant::now();
    let (away, text) = problem(fs.write("no/place", b"content", 0o600).await);
    assert!(
        matches!(away, FileProblem::NoSpace | FileProblem::Unreachable),
        "{away:?} {text}"
    );
    assert!(text.contains("DataNode"), "{text}");
    assert!(
        started.elapsed() < Duration::from_secs(130),
        "{:?}",
        started.elapsed()
    );
    assert!(names_in(hdfs, fs, "no").is_empty());
    hdfs.start_again().unwrap();
    // The NameNode may still send us to where the DataNode was before.
    let give_up_at = Instant::now() + Duration::from_secs(60);
    while let Err(error) = fs.write("no/place", b"content", 0o600).await {
        assert!(Instant::now() < give_up_at, "{error}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn a_namenode_that_is_away_is_told(hdfs: &Hdfs, fs: &FileSystem) {
    hdfs.kill_namenode();
    let started = Instant::now();
    let (away, text) = problem(fs.status("docs").await);
    assert_eq!(away, FileProblem::Unreachable, "{text}");
    assert!(text.contains("fs.defaultFS"), "{text}");
    assert!(text.contains(&hdfs.uri()), "{text}");
    assert!(
        started.elapsed() < Duration::from_secs(31),
        "{:?}",
        started.elapsed()
    );
    hdfs.start_again().unwrap();
    assert!(fs.status("docs").await.unwrap().is_some());
}
