//! Against a real resource manager that demands Kerberos tickets.

use std::path::Path;

use alidade_hadoop::{
    HadoopConf, HadoopError, KerberosLogin, LaunchContext, Login, Protection, RemoteKind, Resource,
    ResourceManager, RpcOptions, Submission, TokenKind,
};
use alidade_testkit::KerberizedResourceManager;
use std::time::Duration;

fn by_keytab(server: &KerberizedResourceManager, server_principal: &str) -> Login {
    Login::Kerberos(KerberosLogin {
        principal: Some(server.user()),
        keytab: Some(server.keytab()),
        cache: None,
        server_principal: server_principal.into(),
    })
}

fn connect(conf: &HadoopConf, login: Login, protection: Protection) -> ResourceManager {
    let options = RpcOptions {
        protection: vec![protection],
        ..RpcOptions::default()
    };
    ResourceManager::connect_with(conf, login, options).unwrap()
}

/// The Kerberos library of this process asks that key distribution centre, and finds no tickets.
#[allow(unsafe_code)]
fn enter_the_realm(krb5_conf: &Path, no_tickets: &Path) {
    // SAFETY: this is the program's only test, and nothing else runs in it yet: nobody reads the environment.
    unsafe {
        std::env::set_var("KRB5_CONFIG", krb5_conf);
        std::env::set_var("KRB5CCNAME", no_tickets);
    }
}

#[test]
fn logins_by_kerberos() {
    let server = KerberizedResourceManager::start().unwrap();
    enter_the_realm(&server.krb5_conf(), &server.conf_dir().join("no-tickets"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let conf = HadoopConf::read(&server.conf_dir()).unwrap();
        for protection in [
            Protection::Authentication,
            Protection::Integrity,
            Protection::Privacy,
        ] {
            a_keytab_is_enough(&conf, &server, protection).await;
        }
        others_are_refused(&conf, &server).await;
    });
}

async fn a_keytab_is_enough(
    conf: &HadoopConf,
    server: &KerberizedResourceManager,
    protection: Protection,
) {
    let login = by_keytab(server, "yarn/local*@EXAMPLE.TEST");
    let resource_manager = connect(conf, login, protection);
    let new = resource_manager.new_application().await.unwrap();
    // Longer than what is protected at once.
    let mut launch = LaunchContext::new("true");
    launch
        .environment
        .insert("LONG".into(), "x".repeat(300_000));
    let submission = Submission::new(new.id, "by ticket", launch, Resource::new(1024, 1));
    resource_manager
        .submit_application(&submission)
        .await
        .unwrap();
    let patience = Duration::from_secs(60);
    let accepted = resource_manager.wait_until_accepted(&submission, patience);
    assert_eq!(accepted.await.unwrap().user, "metron");

    let token = resource_manager.delegation_token("metron").await.unwrap();
    assert!(token.is(TokenKind::ResourceManager));
    let by_token = connect(conf, Login::Token(token), protection);
    let mut second = submission;
    second.id = by_token.new_application().await.unwrap().id;
    second.name = "by token".into();
    by_token.submit_application(&second).await.unwrap();

    // Long answers, too, and those that were asked for at once.
    let reason = "because ".repeat(20_000);
    by_token
        .kill_application(second.id, &reason, patience)
        .await
        .unwrap();
    for client in [&resource_manager, &by_token] {
        let (one, other) = tokio::join!(
            client.application_report(new.id),
            client.application_report(second.id)
        );
        assert_eq!(one.unwrap().name, "by ticket");
        let other = other.unwrap();
        assert_eq!(
            (other.name.as_str(), other.user.as_str()),
            ("by token", "metron")
        );
        assert!(
            other.diagnostics.contains(reason.trim_end()),
            "{} bytes",
            other.diagnostics.len()
        );
    }
}

async fn others_are_refused(conf: &HadoopConf, server: &KerberizedResourceManager) {
    let refusal = async |login| {
        let resource_manager = connect(conf, login, Protection::Authentication);
        resource_manager.new_application().await.unwrap_err()
    };
    let simple = Login::Simple {
        user: "metron".into(),
    };
    let error = refusal(simple).await;
    assert_eq!(
        error.remote_kind(),
        Some(RemoteKind::AccessControl),
        "{error}"
    );

    let no_ticket = Login::from_conf(conf, "yarn.resourcemanager.principal").unwrap();
    let error = refusal(no_ticket).await;
    assert!(matches!(error, HadoopError::Login { .. }), "{error:?}");
    assert!(error.to_string().contains("kinit"), "{error}");

    let other_server = by_keytab(server, "yarn/elsewhere@EXAMPLE.TEST");
    let error = refusal(other_server).await.to_string();
    assert!(error.contains("yarn/elsewhere is expected"), "{error}");

    let mut nobody = by_keytab(server, "yarn/_HOST@EXAMPLE.TEST");
    if let Login::Kerberos(login) = &mut nobody {
        login.principal = Some("nobody@EXAMPLE.TEST".into());
    }
    let error = refusal(nobody).await;
    assert!(
        matches!(error, HadoopError::Kerberos(_) | HadoopError::Login { .. }),
        "{error:?}"
    );
}
