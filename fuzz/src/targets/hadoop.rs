//! What Hadoop's servers and files give.

use alidade_hadoop::proto::yarn;
use alidade_hadoop::{
    ApplicationAttemptId, ApplicationId, ApplicationReport, Container, ContainerId,
    ContainerReport, ContainerStatus, Credentials, QueueInfo, Token, TokenFileFormat, shell,
};
use prost::Message;

use super::{Target, Violation, promise};
use crate::Observed;

pub const TARGET: Target = Target {
    name: "hadoop",
    run,
    seeds,
    generate: None,
    words,
};

fn seeds() -> Vec<Vec<u8>> {
    let mut tokens = Credentials::default();
    let token = Token::from(alidade_hadoop::proto::common::TokenProto {
        identifier: b"an identifier".to_vec(),
        password: b"a password".to_vec(),
        kind: "HDFS_DELEGATION_TOKEN".to_owned(),
        service: "127.0.0.1:8020".to_owned(),
    });
    tokens.insert("127.0.0.1:8020", token);
    let report = yarn::ApplicationReportProto {
        application_id: Some(yarn::ApplicationIdProto {
            id: Some(1),
            cluster_timestamp: Some(1_700_000_000_000),
        }),
        user: Some("metron".to_owned()),
        diagnostics: Some("all is well".to_owned()),
        ..Default::default()
    };
    let queue = yarn::QueueInfoProto {
        queue_name: Some("root".to_owned()),
        child_queues: vec![yarn::QueueInfoProto::default()],
        ..Default::default()
    };
    vec![
        tokens.to_bytes(TokenFileFormat::Writable),
        tokens.to_bytes(TokenFileFormat::Protobuf),
        report.encode_to_vec(),
        queue.encode_to_vec(),
        b"container_e17_1410901177871_0001_02_000005".to_vec(),
        b"application_1410901177871_0001".to_vec(),
    ]
}

fn words() -> Vec<String> {
    let words = [
        "HDTS\u{0}",
        "HDTS\u{1}",
        "container_",
        "_e99999999_",
        "appattempt_",
        "\n\u{8}",
        "\u{7f}\u{7f}\u{7f}\u{7f}",
        "$(",
        "`",
        "\\\"",
    ];
    words.map(str::to_owned).to_vec()
}

fn run(input: &[u8], observed: &mut Observed) -> Result<(), Violation> {
    match Credentials::from_bytes(input) {
        Err(error) => observed.note_message(&error.to_string()),
        Ok(credentials) => {
            for format in [TokenFileFormat::Writable, TokenFileFormat::Protobuf] {
                let again = Credentials::from_bytes(&credentials.to_bytes(format));
                promise(again.is_ok_and(|again| again == credentials), || {
                    "tokens do not come back".to_owned()
                })?;
            }
        }
    }
    if let Ok(report) = yarn::ApplicationReportProto::decode(input) {
        observed.note(("report", ApplicationReport::try_from(report).is_ok()));
    }
    if let Ok(container) = yarn::ContainerProto::decode(input) {
        observed.note(("container", Container::try_from(container).is_ok()));
    }
    if let Ok(report) = yarn::ContainerReportProto::decode(input) {
        observed.note((
            "state",
            format!("{:?}", ContainerReport::from(report).state),
        ));
    }
    if let Ok(status) = yarn::ContainerStatusProto::decode(input) {
        observed.note(("exit", ContainerStatus::from(status).exit_status));
    }
    if let Ok(queue) = yarn::QueueInfoProto::decode(input) {
        observed.note(("queue", QueueInfo::from(queue).children.len()));
    }
    check_texts(input)
}

/// Ids are written as they are read, and what goes through a shell comes out of it.
fn check_texts(input: &[u8]) -> Result<(), Violation> {
    let Ok(text) = std::str::from_utf8(input) else {
        return Ok(());
    };
    let back = [
        text.parse::<ContainerId>().map(|id| id.to_string()),
        text.parse::<ApplicationId>().map(|id| id.to_string()),
        text.parse::<ApplicationAttemptId>()
            .map(|id| id.to_string()),
    ];
    for written in back.into_iter().flatten() {
        let again = [
            written.parse::<ContainerId>().map(|id| id.to_string()),
            written.parse::<ApplicationId>().map(|id| id.to_string()),
            written
                .parse::<ApplicationAttemptId>()
                .map(|id| id.to_string()),
        ];
        promise(again.into_iter().flatten().any(|it| it == written), || {
            format!("{text} is written as {written}, which is no id")
        })?;
    }
    if let Ok(quoted) = shell::argument(text) {
        promise(!quoted.contains("{{") && quoted.len() >= text.len(), || {
            format!("{text:?} became {quoted:?}")
        })?;
    }
    Ok(())
}
