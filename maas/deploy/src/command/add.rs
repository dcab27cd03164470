use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use alidade_maas_core::{LauncherKind, Registry};

use super::{Arguments, counted, note_missing_service, say};
use crate::wait::{Before, Goal, wait_for};
use crate::{Addition, DeployError, LocalFolderStore, PayloadStore, place_payload, queue_addition};

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
        let Place::Folder(root) = &self.place;
        let store = LocalFolderStore::new(root);
        self.deploy(registry, &store, out).await
    }

    async fn deploy(
        &self,
        registry: &dyn Registry,
        store: &dyn PayloadStore,
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
        wait_for(registry, name, version, goal, &before, &item, limit).await?;
        say(out, &format!("Registered: {what}"))
    }
}

impl Place {
    fn read(arguments: &Arguments<'_>) -> Result<Place, DeployError> {
        let wrong = |text: String| Err(DeployError::Option(text));
        let uri = arguments.value("fs-uri");
        let is_local = uri.is_none_or(|uri| uri == "file" || uri.starts_with("file:"));
        match LauncherKind::chosen(arguments.value("launcher"))? {
            LauncherKind::Local if is_local => Ok(Place::Folder(payload_root(arguments)?)),
            LauncherKind::Local => wrong(format!(
                "--launcher local keeps payloads in a folder, not on {}: use --launcher yarn, or leave --fs-uri out",
                uri.unwrap_or_default()
            )),
            LauncherKind::Yarn => {
                wrong("the YARN launcher is not built yet; use --launcher local".to_owned())
            }
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
