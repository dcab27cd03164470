use std::io::Write;
use std::time::Duration;

use alidade_maas_core::Registry;

use super::{Arguments, counted, note_missing_service, say};
use crate::wait::{Before, Goal, wait_for};
use crate::{DeployError, Removal, remove_model};

/// `-mo REMOVE`
pub(super) struct Remove {
    removal: Removal,
    wait: Option<Duration>,
}

impl Remove {
    pub(super) fn read(arguments: &Arguments<'_>) -> Result<Remove, DeployError> {
        let removal = Removal {
            name: arguments.text("n", "the model name")?,
            version: arguments.text("v", "the model version")?,
            instances: arguments.number("ni", "the number of instances")?,
        };
        removal.check()?;
        let wait = arguments.wait()?;
        Ok(Remove { removal, wait })
    }

    pub(super) async fn run(
        &self,
        registry: &dyn Registry,
        out: &mut dyn Write,
    ) -> Result<(), DeployError> {
        let removal = &self.removal;
        let (name, version) = (&removal.name, &removal.version);
        let fewer = usize::try_from(removal.instances).unwrap_or_default();
        let before = Before::of(registry, name, version).await?;
        let before = Before { fewer, ..before };
        let item = remove_model(registry, removal).await?;
        let what = counted(removal.instances, name, version);
        say(out, &format!("Queued: end {what}"))?;
        note_missing_service(registry).await;
        let Some(limit) = self.wait else {
            return Ok(());
        };
        let goal = Goal::AtMost(before.registered.saturating_sub(fewer));
        wait_for(registry, name, version, goal, &before, &item, limit).await?;
        let gone = i32::try_from(before.registered).unwrap_or(i32::MAX);
        match gone.min(removal.instances) {
            0 => say(
                out,
                &format!("No instance of {name} {version} was registered"),
            ),
            gone => say(out, &format!("Gone: {}", counted(gone, name, version))),
        }
    }
}
