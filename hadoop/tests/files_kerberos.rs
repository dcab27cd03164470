//! Files in a real HDFS that demands tickets or tokens.

use std::path::Path;

use alidade_hadoop::{
    Credentials, FileProblem, FileSystem, HadoopConf, HadoopError, TokenFileFormat, TokenKind,
    hdfs_credentials,
};
use alidade_testkit::Kdc;

/// Says to a run of this test that it is one of the processes below, and what it has.
const ROLE: &str = "TEST_ROLE";
const CONF_DIR: &str = "TEST_CONF_DIR";
/// Where the one with a ticket puts tokens.
const TOKENS: &str = "TEST_TOKENS";

#[test]
fn files_with_tickets_and_tokens() {
    if let Ok(role) = std::env::var(ROLE) {
        return as_client(&role);
    }
    let kdc = Kdc::start().unwrap();
    let hdfs = kdc.hdfs().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let (conf_dir, tokens) = (text(&hdfs.conf_dir()), text(dir.path()));
    let (all, by_address) = (
        text(&dir.path().join("all")),
        text(&dir.path().join("by-address")),
    );
    let token_file = |path| ("HADOOP_TOKEN_FILE_LOCATION", path);
    let none = kdc.without_ticket();
    let runs = [
        (kdc.with_ticket("metron").unwrap(), "ticket", None),
        (kdc.with_keytab("metron"), "ticket", None),
        (none.clone(), "token", Some(token_file(all.as_str()))),
        (none.clone(), "token", Some(token_file(by_address.as_str()))),
        (none, "nothing", None),
        (kdc.with_ticket("stranger").unwrap(), "stranger", None),
    ];
    for (realm, role, more) in runs {
        let mut variables = vec![(ROLE, role), (CONF_DIR, &conf_dir), (TOKENS, &tokens)];
        variables.extend(more);
        realm.run_test("files_with_tickets_and_tokens", &variables);
    }
}

fn as_client(role: &str) {
    let mut conf = HadoopConf::read(Path::new(&std::env::var(CONF_DIR).unwrap())).unwrap();
    conf.set("yarn.resourcemanager.principal", "yarn/_HOST@EXAMPLE.TEST");
    conf.set("yarn.resourcemanager.hostname", "localhost");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let connected = FileSystem::connect(&conf, None).await;
        match role {
            "ticket" => with_a_ticket(&conf, &connected.unwrap()).await,
            "token" => with_a_token(&conf, &connected.unwrap()).await,
            "nothing" => {
                let error = connected.unwrap_err();
                assert!(matches!(error, HadoopError::Kerberos(_)), "{error:?}");
                assert!(error.to_string().contains("kinit"), "{error}");
            }
            "stranger" => {
                let error = connected.unwrap().prepare_home().await.unwrap_err();
                assert_eq!(error.file_problem(), Some(FileProblem::NoHome), "{error}");
                assert!(error.to_string().contains("-chown stranger "), "{error}");
            }
            other => panic!("{other}"),
        }
    });
}

async fn files_are_mine(fs: &FileSystem) {
    assert_eq!((fs.user(), fs.home().as_str()), ("metron", "/user/metron"));
    assert!(fs.uri().starts_with("hdfs://localhost:"), "{}", fs.uri());
    let written = fs.write("mine", b"content", 0o600).await.unwrap();
    assert_eq!(written.owner, "metron");
    let content = fs.read("mine", 100).await.unwrap();
    assert_eq!(content.as_deref(), Some(&b"content"[..]));
    let denied = fs.write("/forbidden", b"", 0o600).await.unwrap_err();
    assert_eq!(denied.file_problem(), Some(FileProblem::Denied), "{denied}");
}

async fn with_a_ticket(conf: &HadoopConf, fs: &FileSystem) {
    files_are_mine(fs).await;
    let credentials = hdfs_credentials(conf, fs).await.unwrap();
    let credentials = credentials.expect("tokens");
    let services: Vec<&str> = credentials
        .tokens
        .iter()
        .map(|(_, token)| token.service.as_str())
        .collect();
    assert_eq!(services.len(), 2, "{services:?}");
    assert_eq!(services[1], fs.uri().strip_prefix("hdfs://").unwrap());

    let format = TokenFileFormat::Writable;
    let dir = std::env::var(TOKENS).unwrap();
    let all = Path::new(&dir).join("all");
    credentials.write_file(&all, format).unwrap();
    let mut by_address = credentials.clone();
    by_address.tokens.truncate(1);
    let path = Path::new(&dir).join("by-address");
    by_address.write_file(&path, format).unwrap();
}

async fn with_a_token(conf: &HadoopConf, fs: &FileSystem) {
    files_are_mine(fs).await;
    // What a container has is handed on as it is: the NameNode gives no token for a token.
    let handed_on = hdfs_credentials(conf, fs).await.unwrap();
    let given = Credentials::from_environment().unwrap();
    assert_eq!(handed_on, given);
    let handed_on = handed_on.expect("tokens");
    assert!(handed_on.token_of_kind(TokenKind::Hdfs).is_some());
}
