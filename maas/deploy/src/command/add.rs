use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use alidade_hadoop::HadoopConf;
use alidade_maas_core::{LauncherKind, Registry};

use super::{Arguments, counted, note_missing_service, say};
use crate::wait::{Before, Goal, wait_for};
use crate::{
    Addition, DeployError, HdfsPayloadStore, Interruption, LocalFolderStore, PayloadStore,
    place_payload, queue_addition,
};

/// `-mo ADD`
pub(super) struct Add {
    addition: Addition,
    place: Place,
    wait: Option<Duration>,
}

/// Where payloads are kept.
enum Place {
    /// Below this directory.
    Folder(PathBuf),
    /// In HDFS: of this URI, else of the configuration.
    Hdfs {
        conf: HadoopConf,
        uri: Option<String>,
    },
}

impl Add {
    pub(super) fn read(arguments: &Arguments<'_>) -> Result<Add, DeployError> {
        let addition = Addition {
            name: arguments.text("n", "the model name")?,
            version: arguments.text("v", "the model version")?,
            instances: arguments.number("ni", "the number of instances")?,
            memory: arguments.number("m", "the memory")?,
            path: arguments.text("hmp", "the model path")?,
            local_payload: arguments.value("lmp").map(PathBuf::from),
        };
        addition.check()?;
        Ok(Add {
            addition,
            place: Place::read(arguments)?,
            wait: arguments.wait()?,
        })
    }

    pub(super) async fn run(
        &self,
        registry: &dyn Registry,
        out: &mut dyn Write,
    ) -> Result<(), DeployError> {
        match &self.place {
            Place::Folder(root) => {
                eprintln!("launcher: local (payloads below {})", root.display());
                let store = LocalFolderStore::new(root);
                self.deploy(registry, &store, &Interruption::never(), out)
                    .await
            }
            Place::Hdfs { conf, uri } => {
                let interruption = Interruption::of_process()?;
                let store =
                    HdfsPayloadStore::connect(conf, uri.as_deref(), interruption.clone()).await?;
                eprintln!("launcher: yarn (payloads in {})", store.uri());
                self.deploy(registry, &store, &interruption, out).await
            }
        }
    }

    async fn deploy(
        &self,
        registry: &dyn Registry,
        store: &dyn PayloadStore,
        interruption: &Interruption,
        out: &mut dyn Write,
    ) -> Result<(), DeployError> {
        let addition = &self.addition;
        let payload = place_payload(store, addition).await?;
        if addition.local_payload.is_some() {
            say(out, &format!("Payload stored in {}", payload.place))?;
        }
        if let Some(note) = &payload.note {
            eprintln!("note: {note}");
        }
        let (name, version) = (&addition.name, &addition.version);
        let before = Before::of(registry, name, version).await?;
        if interruption.has_happened() {
            let text = "interrupted: the payload is in its place, and nothing is queued";
            return Err(DeployError::Interrupted(text.to_owned()));
        }
        let item = queue_addition(registry, addition, &payload).await?;
        let what = counted(addition.instances, name, version);
        let line = format!("Queued: start {what}; see -mo LIST for when it answers");
        say(out, &line)?;
        note_missing_service(registry).await;
        let Some(limit) = self.wait else {
            return Ok(());
        };
        let more = usize::try_from(addition.instances).unwrap_or_default();
        let goal = Goal::AtLeast(before.registered + more);
        tokio::select! {
            outcome = wait_for(registry, name, version, goal, &before, &item, limit) => outcome?,
            () = interruption.happened() => {
                let text = "interrupted: the request stays queued; take it back with -mo REMOVE";
                return Err(DeployError::Interrupted(text.to_owned()));
            }
        }
        say(out, &format!("Registered: {what}"))
    }
}

impl Place {
    fn read(arguments: &Arguments<'_>) -> Result<Place, DeployError> {
        let uri = arguments.value("fs-uri");
        let is_file = |uri: &str| uri == "file" || uri.starts_with("file:");
        let kind = LauncherKind::chosen(arguments.value("launcher"))?;
        match (kind, uri) {
            (LauncherKind::Local, Some(uri)) if !is_file(uri) => Err(DeployError::Option(format!(
                "with --launcher local payloads are kept in a folder, not on {uri}: say --launcher yarn, or leave --fs-uri out"
            ))),
            (LauncherKind::Local, _) => Ok(Place::Folder(payload_root(arguments)?)),
            (LauncherKind::Yarn, Some(uri)) if is_file(uri) => Err(DeployError::Option(format!(
                "with --launcher yarn payloads are kept in HDFS, not on {uri}: say --launcher local, or leave --fs-uri out"
            ))),
            (LauncherKind::Yarn, _) if arguments.value("payload-root").is_some() => {
                let text =
                    "--payload-root is for --launcher local: with yarn, -hmp is a path in HDFS";
                Err(DeployError::Option(text.to_owned()))
            }
            (LauncherKind::Yarn, uri) => Ok(Place::Hdfs {
                conf: HadoopConf::from_environment()?,
                uri: uri.map(str::to_owned),
            }),
        }
    }
}

fn payload_root(arguments: &Arguments<'_>) -> Result<PathBuf, DeployError> {
    if let Some(root) = arguments.value("payload-root") {
        return Ok(PathBuf::from(root));
    }
    match std::env::var_os("HOME") {
        Some(home) => Ok(PathBuf::from(home).join(".alidade").join("models")),
        None => Err(DeployError::Option(
            "HOME is not set; say --payload-root DIR".to_owned(),
        )),
    }
}
