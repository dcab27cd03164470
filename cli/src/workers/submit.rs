//! Submits a stage as a YARN application.

use std::path::Path;
use std::time::{Duration, Instant};

use alidade_hadoop::{
    ApplicationFiles, ApplicationId, ApplicationReport, ApplicationState, Authentication,
    FileSystem, HadoopConf, HadoopError, LaunchContext, NewApplication, Resource, ResourceManager,
    Submission, check_cluster, hdfs_credentials,
};
use tokio::time::sleep;

use super::launch::{ZOOKEEPER_SASL, launch_context};
use super::operate::{living, on_runtime, read_state};
use super::options::{QUEUE, YarnOptions};
use super::plan::Plan;
use super::settings::Settings;
use super::state::{WorkersState, now_ms};
use super::{BINARY, FOLDER, KERBEROS_CONF, KEYTAB, KIND, SETTINGS, Topology, leftovers, say};
use crate::CliError;

const LOOK: Duration = Duration::from_millis(500);
/// A master that has been up for long must not end for good because of failures long ago.
const FAILURES_VALIDITY_MS: i64 = 3_600_000;
const MASTER_MEMORY_MB: i64 = 256;
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// A keytab or a Kerberos configuration.
const MOST_BYTES: u64 = 1 << 20;

/// What is to be submitted.
struct Order<'a> {
    topology: &'a Topology,
    yarn: YarnOptions,
    plan: Plan,
}

/// Submits the application and waits until its workers run.
///
/// # Errors
/// When they do not within the time limit: the application is then killed, unless some of them run.
pub fn start(topology: &Topology, yarn: YarnOptions, plan: Plan) -> Result<(), CliError> {
    let order = Order {
        topology,
        yarn,
        plan,
    };
    on_runtime(submit(&order))
}

async fn submit(order: &Order<'_>) -> Result<(), CliError> {
    let give_up_at = Instant::now() + order.yarn.timeout;
    let zookeeper_login = std::env::var(ZOOKEEPER_SASL).unwrap_or_default();
    check_zookeeper_login(&zookeeper_login, &order.yarn)?;
    let conf = HadoopConf::from_environment().map_err(CliError::failed)?;
    let resource_manager = ResourceManager::connect(&conf).map_err(CliError::failed)?;
    let option = format!("--{}", QUEUE.long);
    let nodes = check_cluster(&resource_manager, &order.yarn.queue, &option)
        .await
        .map_err(CliError::failed)?;
    say(&format!("YARN has {nodes} running nodes"));
    check_not_running(order.topology, &resource_manager).await?;
    let files = FileSystem::connect(&conf, None)
        .await
        .map_err(CliError::failed)?;
    leftovers::delete(&files, &resource_manager).await;

    let new = resource_manager
        .new_application()
        .await
        .map_err(CliError::failed)?;
    check_size(order.yarn.resource, new.maximum)?;
    let staged = ApplicationFiles::create(&files, FOLDER, new.id).await;
    let mut staged = staged.map_err(CliError::failed)?;
    let directory = staged.directory().to_owned();
    let submitted = prepare_and_submit(order, &conf, &files, &mut staged, &resource_manager, &new);
    let outcome = match submitted.await {
        Ok(()) => {
            let wait = Wait {
                resource_manager: &resource_manager,
                files: &files,
                directory: &directory,
                id: new.id,
            };
            wait.until_workers_run(order, give_up_at).await
        }
        Err(error) => Err(error),
    };
    if outcome.is_err()
        && let Err(left) = staged.remove().await
    {
        say(&format!("the application's files stay in HDFS: {left}"));
    }
    outcome
}

/// The tokens that containers are given are none for ZooKeeper.
fn check_zookeeper_login(mechanism: &str, yarn: &YarnOptions) -> Result<(), CliError> {
    let mechanism = mechanism.trim();
    let is_none = mechanism.is_empty() || mechanism.eq_ignore_ascii_case("none");
    if is_none || yarn.keytab.is_some() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "workers log in to ZooKeeper ({ZOOKEEPER_SASL}) and cannot have your ticket: give --keytab"
    )))
}

/// As upstream's cluster, which takes no second topology of a name.
async fn check_not_running(
    topology: &Topology,
    resource_manager: &ResourceManager,
) -> Result<(), CliError> {
    let reports = living(resource_manager, topology.command).await;
    let reports = reports.map_err(CliError::failed)?;
    let Some(report) = reports.iter().find(|report| report.name == topology.name) else {
        return Ok(());
    };
    Err(CliError::Usage(format!(
        "{} runs already, as {} of the user {}; end it with `stop` in place of the options",
        topology.name, report.id, report.user
    )))
}

fn check_size(wanted: Resource, maximum: Resource) -> Result<(), CliError> {
    let fits =
        wanted.memory_mb <= maximum.memory_mb && wanted.virtual_cores <= maximum.virtual_cores;
    if fits || maximum == Resource::default() {
        return Ok(());
    }
    Err(CliError::Usage(format!(
        "a worker of {wanted} is more than the cluster gives, at most {maximum}; give less with --yarn-memory or \
         --yarn-vcores"
    )))
}

async fn prepare_and_submit(
    order: &Order<'_>,
    conf: &HadoopConf,
    files: &FileSystem,
    staged: &mut ApplicationFiles,
    resource_manager: &ResourceManager,
    new: &NewApplication,
) -> Result<(), CliError> {
    let settings = stage_files(order, conf, files, staged).await?;
    let launch = master_launch(conf, files, staged, &settings).await;
    let launch = launch.map_err(CliError::failed)?;
    let memory = MASTER_MEMORY_MB.min(new.maximum.memory_mb.max(1));
    let mut submission = Submission::new(
        new.id,
        &order.topology.name,
        launch,
        Resource::new(memory, 1),
    );
    submission.queue.clone_from(&order.yarn.queue);
    KIND.clone_into(&mut submission.kind);
    submission.tags = vec!["alidade".to_owned(), order.topology.command.to_owned()];
    submission.failures_validity_ms = Some(FAILURES_VALIDITY_MS);
    submission.keep_containers = true;
    submission.node_label.clone_from(&order.yarn.node_label);
    let submitted = resource_manager.submit_application(&submission).await;
    submitted.map_err(CliError::failed)?;
    let (name, queue) = (&order.topology.name, &order.yarn.queue);
    say(&format!("submitted {name} as {} to queue {queue}", new.id));
    let report = resource_manager
        .wait_until_accepted(&submission, order.yarn.timeout)
        .await;
    let report = report.map_err(CliError::failed)?;
    if report.state.is_final() {
        let words = report.diagnostics.trim();
        return Err(CliError::Failed(format!(
            "YARN did not take {}: {words}",
            new.id
        )));
    }
    Ok(())
}

/// Uploads everything that master and workers need.
async fn stage_files(
    order: &Order<'_>,
    conf: &HadoopConf,
    files: &FileSystem,
    staged: &mut ApplicationFiles,
) -> Result<Settings, CliError> {
    let program = std::env::current_exe().map_err(CliError::failed)?;
    say(&format!(
        "uploading {} to {}",
        program.display(),
        staged.directory()
    ));
    let uploaded = staged.upload(BINARY, &program, 0o700, &|_| {}).await;
    uploaded.map_err(CliError::failed)?;
    if let Some(conf_dir) = conf.directory() {
        let added = staged.add_configuration(conf_dir).await;
        added.map_err(CliError::failed)?;
    }
    let mut has_kerberos_conf = false;
    if let Some(keytab) = &order.yarn.keytab {
        let added = staged.add(KEYTAB, &read_small(keytab)?).await;
        added.map_err(CliError::failed)?;
    }
    let authentication = conf.authentication().map_err(CliError::failed)?;
    if (authentication == Authentication::Kerberos || order.yarn.keytab.is_some())
        && let Some(path) = std::env::var_os("KRB5_CONFIG")
    {
        let added = staged
            .add(KERBEROS_CONF, &read_small(Path::new(&path))?)
            .await;
        added.map_err(CliError::failed)?;
        has_kerberos_conf = true;
    }
    let mut resources: Vec<String> = staged.local_resources().keys().cloned().collect();
    resources.push(SETTINGS.to_owned());
    let settings = Settings {
        command: order.topology.command.to_owned(),
        arguments: order.plan.arguments.clone(),
        files: Settings::encode_files(&order.plan.files),
        workers: order.yarn.workers,
        memory_mb: order.yarn.resource.memory_mb,
        virtual_cores: order.yarn.resource.virtual_cores,
        node_label: order.yarn.node_label.clone(),
        directory: staged.directory().to_owned(),
        file_system: files.uri().to_owned(),
        resources,
        has_keytab: order.yarn.keytab.is_some(),
        has_kerberos_conf,
    };
    let added = staged.add(SETTINGS, &settings.to_bytes()?).await;
    added.map_err(CliError::failed)?;
    Ok(settings)
}

async fn master_launch(
    conf: &HadoopConf,
    files: &FileSystem,
    staged: &ApplicationFiles,
    settings: &Settings,
) -> Result<LaunchContext, HadoopError> {
    let mut launch = launch_context("master", files.user(), settings)?;
    launch.local_resources = staged.local_resources().clone();
    launch.credentials = hdfs_credentials(conf, files).await?;
    Ok(launch)
}

fn read_small(path: &Path) -> Result<Vec<u8>, CliError> {
    use std::io::Read;
    let failed = |error| CliError::file(path, error);
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES)
        .read_to_end(&mut content)
        .map_err(failed)?;
    Ok(content)
}

/// An application that was submitted.
struct Wait<'a> {
    resource_manager: &'a ResourceManager,
    files: &'a FileSystem,
    directory: &'a str,
    id: ApplicationId,
}

impl Wait<'_> {
    async fn until_workers_run(
        &self,
        order: &Order<'_>,
        give_up_at: Instant,
    ) -> Result<(), CliError> {
        let id = self.id;
        let mut last_state = None;
        let mut last_running = 0;
        loop {
            let report = self.resource_manager.application_report(id).await;
            let report = report.map_err(CliError::failed)?;
            if last_state != Some(report.state) {
                last_state = Some(report.state);
                say(&format!("{id}: {}", state_text(&report)));
            }
            if report.state.is_final() {
                return Err(ended_early(&report));
            }
            let state = self.workers().await;
            let (running, wanted) = (state.running(), order.yarn.workers);
            if running != last_running {
                last_running = running;
                say(&format!("{running} of {wanted} workers run"));
            }
            if running == wanted {
                say(&format!("end it with: {}", order.topology.stop_command()));
                return Ok(());
            }
            if Instant::now() > give_up_at {
                return self.give_up(order, &report, &state).await;
            }
            sleep(LOOK).await;
        }
    }

    async fn workers(&self) -> WorkersState {
        match read_state(self.files, self.directory).await {
            Ok(state) => state.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "cannot read how the workers do");
                WorkersState::default()
            }
        }
    }

    /// With some workers the stage runs; the others come when there is room.
    async fn give_up(
        &self,
        order: &Order<'_>,
        report: &ApplicationReport,
        state: &WorkersState,
    ) -> Result<(), CliError> {
        let (id, seconds) = (self.id, order.yarn.timeout.as_secs());
        let lines = state.lines(now_ms()).join("\n");
        if state.running() > 0 {
            say(&format!(
                "not all workers run after {seconds} s; {id} goes on to start them\n{lines}"
            ));
            return Ok(());
        }
        let words = format!("no worker ran within {seconds} s");
        let killed = self
            .resource_manager
            .kill_application(id, &words, KILL_PATIENCE)
            .await;
        killed.map_err(CliError::failed)?;
        let diagnostics = report.diagnostics.trim();
        Err(CliError::Failed(format!(
            "{id}: {words} (--yarn-timeout), and it was killed; YARN said: {diagnostics}\n{lines}"
        )))
    }
}

fn state_text(report: &ApplicationReport) -> String {
    let state = format!("{:?}", report.state).to_lowercase();
    let words = report.diagnostics.trim();
    if words.is_empty() || report.state == ApplicationState::Running {
        return state;
    }
    format!("{state} ({words})")
}

fn ended_early(report: &ApplicationReport) -> CliError {
    CliError::Failed(format!(
        "{} ended before its workers ran ({:?}, {:?}): {}\nits logs: yarn logs -applicationId {}",
        report.id,
        report.state,
        report.final_status,
        report.diagnostics.trim(),
        report.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_to_zookeeper_needs_a_keytab() {
        let mut yarn = YarnOptions {
            workers: 1,
            resource: Resource::new(1, 1),
            queue: String::new(),
            node_label: None,
            timeout: Duration::ZERO,
            keytab: None,
        };
        for mechanism in ["", " ", "none", "None"] {
            assert!(check_zookeeper_login(mechanism, &yarn).is_ok());
        }
        let refused = check_zookeeper_login("gssapi", &yarn).unwrap_err();
        assert!(refused.to_string().ends_with("give --keytab"));
        yarn.keytab = Some("keytab".into());
        assert!(check_zookeeper_login("gssapi", &yarn).is_ok());
    }

    #[test]
    fn a_worker_must_fit() {
        let maximum = Resource::new(1024, 4);
        assert!(check_size(Resource::new(1024, 4), maximum).is_ok());
        assert!(check_size(Resource::new(1025, 1), maximum).is_err());
        assert!(check_size(Resource::new(1, 5), maximum).is_err());
        assert!(check_size(Resource::new(1025, 1), Resource::default()).is_ok());
    }
}
