//! Submits the service as a YARN application.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alidade_hadoop::{
    ApplicationFiles, ApplicationId, ApplicationReport, ApplicationState, Authentication,
    FileSystem, FinalStatus, HadoopConf, HadoopError, LaunchContext, RemoteKind, Resource,
    ResourceManager, Submission, check_cluster, hdfs_credentials,
};
use alidade_maas_core::{MaasError, Registry, ZooKeeperRegistry};
use tokio::time::sleep;

use super::preconditions;
use super::settings::{MASTER_SETTINGS, MasterSettings, encode};
use super::{BINARY, CONFIGURATION, KERBEROS_CONF, KEYTAB};
use crate::signals::EndSignals;

/// Upstream's name of the application.
const NAME: &str = "MaaS";
/// To find our applications by.
pub(super) const KIND: &str = "alidade-maas";
/// Upstream's folder below the home directory.
const FOLDER: &str = "MaaS";
const LOOK: Duration = Duration::from_secs(1);
/// A service that has been up for long must not end for good because of failures long ago.
const FAILURES_VALIDITY_MS: i64 = 3_600_000;
/// The master is small; the scheduler gives no less than its minimum anyway.
const LEAST_MEMORY: i64 = 64;
const KILL_PATIENCE: Duration = Duration::from_secs(30);
/// How long a running master may take to claim the queue before the client leaves it alone.
const CLAIM_PATIENCE: Duration = Duration::from_secs(60);
/// A keytab or a Kerberos configuration.
const MAX_SMALL_FILE: u64 = 1 << 20;

/// What the command line asks for.
#[derive(Debug, Clone)]
pub(crate) struct Submit {
    pub(crate) settings: MasterSettings,
    pub(crate) queue: String,
    pub(crate) master_memory: i64,
    pub(crate) master_vcores: i32,
    /// The program to run in containers, if not this one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) timeout: Duration,
    pub(crate) viewers: Option<String>,
    pub(crate) modifiers: Option<String>,
    pub(crate) node_label: Option<String>,
    pub(crate) keytab: Option<PathBuf>,
    /// Stay until the application has ended.
    pub(crate) foreground: bool,
}

/// Why no service runs now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error(transparent)]
    Hadoop(#[from] HadoopError),
    #[error(transparent)]
    Registry(#[from] MaasError),
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        action: &'static str,
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// Something is missing that somebody must provide.
    #[error("{0}")]
    Precondition(String),
    /// The application was submitted, and does not serve.
    #[error("{0}")]
    Failed(String),
}

impl SubmitError {
    /// Upstream's exit codes: 2 for an application that fails, 1 for what prevents it.
    pub(crate) fn exit_code(&self) -> i32 {
        match self {
            SubmitError::Failed(_) => 2,
            _ => 1,
        }
    }
}

/// A function that prints a line.
pub(super) type Say<'a> = &'a (dyn Fn(&str) + Sync);

/// Submits the application and waits until it serves; with `foreground`, until it has ended. `say` prints a line.
pub(crate) async fn submit(submit: Submit, say: Say<'_>) -> Result<(), SubmitError> {
    let give_up_at = Instant::now() + submit.timeout;
    let conf = HadoopConf::from_environment()?;
    preconditions::check_log_in(submit.keytab.as_deref())?;
    let resource_manager = ResourceManager::connect(&conf)?;
    let nodes = check_cluster(&resource_manager, &submit.queue, "-q").await?;
    say(&format!("YARN has {nodes} running nodes"));
    let registry = ZooKeeperRegistry::connect(submit.settings.zookeeper_options()).await?;
    registry.require_config_node().await?;
    preconditions::check_not_served(&registry, &resource_manager).await?;
    let files = FileSystem::connect(&conf, None).await?;
    let new = resource_manager.new_application().await?;
    let client = Client {
        submit,
        conf,
        resource_manager,
        registry,
        files,
        id: new.id,
        say,
    };
    let resource = client.master_resource(new.maximum);
    let mut staged = ApplicationFiles::create(&client.files, FOLDER, new.id).await?;
    let mut signals = match client.submit.foreground {
        true => Some(EndSignals::install().map_err(SubmitError::Signals)?),
        false => None,
    };
    let outcome = match client.upload_and_submit(&mut staged, resource).await {
        Ok(()) => {
            client
                .wait_until_serving(give_up_at, signals.as_mut())
                .await
        }
        Err(error) => Err(error),
    };
    match (outcome, signals) {
        (Ok(()), Some(signals)) => client.stay(signals).await,
        (Ok(()), None) => Ok(()),
        (Err(error), _) => {
            client.clean_up(staged).await;
            Err(error)
        }
    }
}

/// One submission, once it is known that it can be made.
struct Client<'a> {
    submit: Submit,
    conf: HadoopConf,
    resource_manager: ResourceManager,
    registry: ZooKeeperRegistry,
    files: FileSystem,
    id: ApplicationId,
    say: Say<'a>,
}

impl Client<'_> {
    /// Deletes the uploaded files, unless the application may live: it could not start anything any more.
    async fn clean_up(&self, staged: ApplicationFiles) {
        match self.resource_manager.application_report(self.id).await {
            Ok(report) if report.state.is_final() => {}
            Err(error) if error.remote_kind() == Some(RemoteKind::ApplicationNotFound) => {}
            _ => {
                self.say(&format!(
                    "{} may still run, so its files stay in HDFS; look with `maas_service.sh status`, end it with `yarn \
                     application -kill {}`",
                    self.id, self.id
                ));
                return;
            }
        }
        if let Err(left) = staged.remove().await {
            self.say(&format!("the application's files stay in HDFS: {left}"));
        }
    }

    fn say(&self, line: &str) {
        (self.say)(line);
    }

    fn master_resource(&self, maximum: Resource) -> Resource {
        let mut memory = self.submit.master_memory;
        if memory < LEAST_MEMORY {
            self.say(&format!(
                "the master gets {LEAST_MEMORY} MB: {memory} MB are too few for it"
            ));
            memory = LEAST_MEMORY;
        }
        if memory > maximum.memory_mb {
            self.say(&format!(
                "the master gets {} MB, the most that this cluster gives, not {memory} MB",
                maximum.memory_mb
            ));
            memory = maximum.memory_mb;
        }
        let most_cores = maximum.virtual_cores.max(1);
        Resource::new(memory, self.submit.master_vcores.clamp(1, most_cores))
    }

    async fn upload_and_submit(
        &self,
        staged: &mut ApplicationFiles,
        resource: Resource,
    ) -> Result<(), SubmitError> {
        let settings = self.upload(staged).await?;
        let launch = self.launch_context(staged, &settings).await?;
        let mut submission = Submission::new(self.id, NAME, launch, resource);
        submission.queue.clone_from(&self.submit.queue);
        KIND.clone_into(&mut submission.kind);
        submission.tags = vec![KIND.to_owned()];
        submission.priority = Some(0);
        submission.failures_validity_ms = Some(FAILURES_VALIDITY_MS);
        submission.keep_containers = true;
        submission.node_label.clone_from(&self.submit.node_label);
        self.resource_manager
            .submit_application(&submission)
            .await?;
        self.say(&format!(
            "submitted {} to queue {}",
            self.id, self.submit.queue
        ));
        let accepting = self
            .resource_manager
            .wait_until_accepted(&submission, self.submit.timeout);
        let report = accepting.await?;
        if report.state.is_final() {
            return Err(SubmitError::Failed(format!(
                "YARN did not take {}: {}",
                self.id,
                report.diagnostics.trim()
            )));
        }
        Ok(())
    }

    /// Gives the settings, with what has become known by uploading.
    async fn upload(&self, staged: &mut ApplicationFiles) -> Result<MasterSettings, SubmitError> {
        let program = program(&self.submit)?;
        self.say(&format!(
            "uploading {} to {}",
            program.display(),
            staged.directory()
        ));
        staged.upload(BINARY, &program, 0o700, &|_| {}).await?;
        if let Some(conf_dir) = self.conf.directory() {
            staged.add_configuration(conf_dir).await?;
        }
        let mut settings = self.submit.settings.clone();
        settings.directory = staged.directory().to_owned();
        settings.file_system = self.files.uri().to_owned();
        if let Some(keytab) = &self.submit.keytab {
            staged.add(KEYTAB, &read_small(keytab)?).await?;
            settings.has_keytab = true;
        }
        if self.conf.authentication()? == Authentication::Kerberos
            && let Some(path) = std::env::var_os("KRB5_CONFIG")
        {
            staged
                .add(KERBEROS_CONF, &read_small(Path::new(&path))?)
                .await?;
            settings.has_kerberos_conf = true;
        }
        Ok(settings)
    }

    async fn launch_context(
        &self,
        staged: &ApplicationFiles,
        settings: &MasterSettings,
    ) -> Result<LaunchContext, SubmitError> {
        let encoded = encode(settings).map_err(|error| {
            SubmitError::Precondition(format!("cannot pass on settings: {error}"))
        })?;
        let mut launch = LaunchContext::new(super::master::command(settings))
            .with_environment(MASTER_SETTINGS, &encoded)?
            .with_environment("HADOOP_USER_NAME", self.files.user())?;
        launch.environment.insert(
            "HADOOP_CONF_DIR".to_owned(),
            format!("$PWD/{CONFIGURATION}"),
        );
        if let Ok(filter) = std::env::var("ALIDADE_LOG") {
            launch = launch.with_environment("ALIDADE_LOG", &filter)?;
        }
        super::master::add_kerberos(&mut launch, settings);
        launch.local_resources = staged.local_resources().clone();
        launch.credentials = hdfs_credentials(&self.conf, &self.files).await?;
        launch.viewers.clone_from(&self.submit.viewers);
        launch.modifiers.clone_from(&self.submit.modifiers);
        Ok(launch)
    }

    /// Until the master runs and has claimed the queue. Kills what does not run in time, and what is not wanted any more
    /// by a signal.
    async fn wait_until_serving(
        &self,
        give_up_at: Instant,
        mut signals: Option<&mut EndSignals>,
    ) -> Result<(), SubmitError> {
        let id = self.id;
        let mut last = None;
        let mut running_since = None;
        loop {
            let report = match self.resource_manager.application_report(id).await {
                Ok(report) => report,
                // It is submitted, and goes on without us.
                Err(error) if error.may_pass() && Instant::now() < give_up_at => {
                    tracing::warn!(%error, "cannot ask for the application, trying again");
                    sleep(LOOK).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            if last != Some(report.state) {
                last = Some(report.state);
                self.say(&format!("{id}: {}", state_text(&report)));
            }
            if report.state.is_final() {
                return Err(ended_early(&report));
            }
            if report.state == ApplicationState::Running {
                let since = *running_since.get_or_insert_with(Instant::now);
                let holder = self.registry.holder().await.unwrap_or_else(|error| {
                    tracing::warn!(%error, "cannot ask who serves, trying again");
                    None
                });
                if holder.as_deref() == Some(&*id.to_string()) {
                    self.say(&format!(
                        "{id} serves model requests; its master is on {}",
                        report.host
                    ));
                    self.say("end it with: maas_service.sh stop -zq ...");
                    return Ok(());
                }
                if since.elapsed() > CLAIM_PATIENCE {
                    self.say(&format!(
                        "{id} runs, and waits for another service to give up the queue"
                    ));
                    return Ok(());
                }
            } else if Instant::now() > give_up_at {
                let waited = self.submit.timeout.as_millis();
                let words = format!("not running within {waited} ms");
                self.resource_manager
                    .kill_application(id, &words, KILL_PATIENCE)
                    .await?;
                return Err(SubmitError::Failed(format!(
                    "{id} did not run within {waited} ms (-t) and was killed; YARN said: {}",
                    report.diagnostics.trim()
                )));
            }
            let is_ended = async {
                match &mut signals {
                    Some(signals) => signals.received().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = sleep(LOOK) => {}
                () = is_ended => {
                    self.kill("ended by a signal before it served").await?;
                    return Err(SubmitError::Failed(format!("{id} was killed, as you wish")));
                }
            }
        }
    }

    async fn kill(&self, reason: &str) -> Result<(), SubmitError> {
        self.say(&format!("killing {}", self.id));
        let killing = self
            .resource_manager
            .kill_application(self.id, reason, KILL_PATIENCE);
        Ok(killing.await?)
    }

    /// Follows the application until it has ended. SIGINT and SIGTERM end it, with all models.
    async fn stay(&self, mut signals: EndSignals) -> Result<(), SubmitError> {
        let id = self.id;
        self.say("staying in the foreground; Ctrl-C ends the service and its models");
        let mut is_told = false;
        loop {
            tokio::select! {
                () = signals.received() => {
                    if is_told {
                        self.kill("ended by a second signal").await?;
                    } else {
                        is_told = true;
                        self.say(&format!("ending {id} and its models; once more kills them"));
                    }
                }
                () = sleep(LOOK) => {}
            }
            if is_told && let Err(error) = self.registry.request_stop(Some(&id.to_string())).await {
                tracing::warn!(%error, "cannot ask it to end, trying again");
            }
            let report = match self.resource_manager.application_report(id).await {
                Ok(report) => report,
                Err(error) => {
                    tracing::warn!(%error, "cannot ask for the application, trying again");
                    continue;
                }
            };
            if !report.state.is_final() {
                continue;
            }
            self.say(&format!("{id}: {}", state_text(&report)));
            if report.final_status == FinalStatus::Succeeded {
                return Ok(());
            }
            return Err(SubmitError::Failed(format!("{id} has ended with an error")));
        }
    }
}

fn program(submit: &Submit) -> Result<PathBuf, SubmitError> {
    if let Some(program) = &submit.program {
        return Ok(program.clone());
    }
    std::env::current_exe().map_err(|source| SubmitError::File {
        action: "find the program that is running,",
        path: PathBuf::from("alidade"),
        source,
    })
}

fn read_small(path: &Path) -> Result<Vec<u8>, SubmitError> {
    use std::io::Read;
    let failed = |source| SubmitError::File {
        action: "read",
        path: path.to_owned(),
        source,
    };
    let mut content = Vec::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MAX_SMALL_FILE + 1)
        .read_to_end(&mut content)
        .map_err(failed)?;
    if content.len() as u64 > MAX_SMALL_FILE {
        return Err(failed(std::io::Error::other("it is larger than 1 MiB")));
    }
    Ok(content)
}

fn state_text(report: &ApplicationReport) -> String {
    let state = format!("{:?}", report.state).to_lowercase();
    let words = report.diagnostics.trim();
    if words.is_empty() || report.state == ApplicationState::Running {
        return state;
    }
    format!("{state} ({words})")
}

fn ended_early(report: &ApplicationReport) -> SubmitError {
    SubmitError::Failed(format!(
        "{} ended before it served ({:?}, {:?}): {}\nits logs: yarn logs -applicationId {}",
        report.id,
        report.state,
        report.final_status,
        report.diagnostics.trim(),
        report.id
    ))
}
