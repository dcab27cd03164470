use std::time::{Duration, Instant};

use super::application::{
    ApplicationReport, ApplicationState, LIVE, NewApplication, QueueInfo, Submission,
};
use super::container::ContainerReport;
use super::ids::{ApplicationAttemptId, ApplicationId, ContainerId};
use super::node::NodeReport;
use crate::conf::{RESOURCE_MANAGER_PRINCIPAL, ResourceManagerPort};
use crate::ipc::{Login, Repeat, RpcClient, RpcOptions};
use crate::proto::common::{
    CancelDelegationTokenRequestProto, CancelDelegationTokenResponseProto,
    GetDelegationTokenRequestProto, GetDelegationTokenResponseProto,
    RenewDelegationTokenRequestProto, RenewDelegationTokenResponseProto,
};
use crate::proto::yarn::{
    GetApplicationAttemptReportRequestProto, GetApplicationAttemptReportResponseProto,
    GetApplicationReportRequestProto, GetApplicationReportResponseProto,
    GetApplicationsRequestProto, GetApplicationsResponseProto, GetClusterNodesRequestProto,
    GetClusterNodesResponseProto, GetContainerReportRequestProto, GetContainerReportResponseProto,
    GetContainersRequestProto, GetContainersResponseProto, GetNewApplicationRequestProto,
    GetNewApplicationResponseProto, GetQueueInfoRequestProto, GetQueueInfoResponseProto,
    KillApplicationRequestProto, KillApplicationResponseProto, NodeStateProto,
    SubmitApplicationRequestProto, SubmitApplicationResponseProto,
};
use crate::{HadoopConf, HadoopError, RemoteKind, Token};

const PROTOCOL: &str = "org.apache.hadoop.yarn.api.ApplicationClientProtocolPB";

/// As many as [`ResourceManager::applications`] tells of.
const MAX_APPLICATIONS: usize = 1000;

/// Between two looks at an application.
const PAUSE: Duration = Duration::from_millis(200);

/// The resource manager, for those who submit applications (`ApplicationClientProtocol`).
///
/// Cheap to clone. Every method gives the errors of [`RpcClient::call`]: [`HadoopError::Remote`] when the resource
/// manager refuses, others when it cannot be asked.
#[derive(Debug, Clone)]
pub struct ResourceManager {
    rpc: RpcClient,
    name: String,
}

impl ResourceManager {
    /// The resource manager of a configuration, as its authentication says. Connects with the first call.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`].
    pub fn connect(conf: &HadoopConf) -> Result<Self, HadoopError> {
        let login = Login::from_conf(conf, RESOURCE_MANAGER_PRINCIPAL)?;
        Self::connect_with(conf, login, RpcOptions::from_conf(conf)?)
    }

    /// As [`Self::connect`], with a login and limits of one's own.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`].
    pub fn connect_with(
        conf: &HadoopConf,
        login: Login,
        options: RpcOptions,
    ) -> Result<Self, HadoopError> {
        let servers = conf.resource_managers(ResourceManagerPort::Client)?;
        let names: Vec<String> = servers.iter().map(ToString::to_string).collect();
        Ok(Self {
            rpc: RpcClient::new(PROTOCOL, servers, login, options)?,
            name: names.join(", "),
        })
    }

    /// Gets an id for a new application.
    pub async fn new_application(&self) -> Result<NewApplication, HadoopError> {
        let method = "getNewApplication";
        let request = GetNewApplicationRequestProto {};
        let answer: GetNewApplicationResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        NewApplication::try_from(answer).map_err(|reason| HadoopError::answer(method, reason))
    }

    /// Submits an application. That it is taken shows in its report only: see [`Self::wait_until_accepted`]. Submitting
    /// again with the same id does nothing.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when YARN would not take it as it is meant; else as all methods.
    pub async fn submit_application(&self, submission: &Submission) -> Result<(), HadoopError> {
        submission.check()?;
        let request = SubmitApplicationRequestProto {
            application_submission_context: Some(submission.into()),
        };
        let method = "submitApplication";
        let _: SubmitApplicationResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        Ok(())
    }

    /// Waits until the resource manager has decided about an application: it is accepted or already runs, or it has
    /// failed, and the report says why. Submits it again when a resource manager does not know it, as after a
    /// fail-over.
    ///
    /// # Errors
    /// [`HadoopError::TimedOut`] when it does not decide within `patience`; else as all methods.
    pub async fn wait_until_accepted(
        &self,
        submission: &Submission,
        patience: Duration,
    ) -> Result<ApplicationReport, HadoopError> {
        let give_up_at = Instant::now() + patience;
        loop {
            match self.application_report(submission.id).await {
                Ok(report) if !report.state.is_before_acceptance() => return Ok(report),
                Ok(_) => {}
                Err(error) if error.remote_kind() == Some(RemoteKind::ApplicationNotFound) => {
                    self.submit_application(submission).await?;
                }
                Err(error) => return Err(error),
            }
            let what = format!("{} is neither accepted nor refused", submission.id);
            self.pause(give_up_at, patience, &what).await?;
        }
    }

    /// How an application does.
    pub async fn application_report(
        &self,
        id: ApplicationId,
    ) -> Result<ApplicationReport, HadoopError> {
        let method = "getApplicationReport";
        let request = GetApplicationReportRequestProto {
            application_id: Some(id.into()),
        };
        let answer: GetApplicationReportResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        let report = answer.application_report;
        let report = report.ok_or_else(|| HadoopError::answer(method, "it has no report"))?;
        ApplicationReport::try_from(report).map_err(|reason| HadoopError::answer(method, reason))
    }

    /// The applications of one of these kinds (see [`Submission::kind`]) with one of these tags, sorted by id; of every
    /// kind where none is given, and whatever their tags where none is given. With `only_live`, those that have not
    /// ended. Those of other users are among them, as far as the cluster shows them.
    ///
    /// # Errors
    /// [`HadoopError::Answer`] when there are more than 1000; else as all methods.
    pub async fn applications(
        &self,
        kinds: &[&str],
        tags: &[&str],
        only_live: bool,
    ) -> Result<Vec<ApplicationReport>, HadoopError> {
        let method = "getApplications";
        let states: &[ApplicationState] = if only_live { &LIVE } else { &[] };
        let request = GetApplicationsRequestProto {
            application_types: kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            application_states: states.iter().map(|state| (*state).into()).collect(),
            limit: Some(MAX_APPLICATIONS as i64 + 1),
            // As they were submitted.
            application_tags: tags.iter().map(|tag| tag.to_lowercase()).collect(),
            ..GetApplicationsRequestProto::default()
        };
        let answer: GetApplicationsResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        if answer.applications.len() > MAX_APPLICATIONS {
            let reason = format!(
                "more than {MAX_APPLICATIONS} applications are of the kinds {kinds:?} with the tags {tags:?}"
            );
            return Err(HadoopError::answer(method, reason));
        }
        let mut reports = Vec::with_capacity(answer.applications.len());
        for report in answer.applications {
            let report = ApplicationReport::try_from(report);
            reports.push(report.map_err(|reason| HadoopError::answer(method, reason))?);
        }
        reports.sort_by_key(|report| report.id);
        Ok(reports)
    }

    /// The container in which the application master of an attempt runs, or has run; none before it has one.
    pub async fn master_container(
        &self,
        attempt: ApplicationAttemptId,
    ) -> Result<Option<ContainerId>, HadoopError> {
        let method = "getApplicationAttemptReport";
        let request = GetApplicationAttemptReportRequestProto {
            application_attempt_id: Some(attempt.into()),
        };
        let answer: GetApplicationAttemptReportResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        let report = answer.application_attempt_report;
        let report = report.ok_or_else(|| HadoopError::answer(method, "it has no report"))?;
        Ok(report.am_container_id.map(Into::into))
    }

    /// Kills an application and waits until it is over. `reason` is shown in its diagnostics. One that has ended stays
    /// as it is.
    ///
    /// # Errors
    /// [`HadoopError::TimedOut`] when it is not over within `patience`; else as all methods.
    pub async fn kill_application(
        &self,
        id: ApplicationId,
        reason: &str,
        patience: Duration,
    ) -> Result<(), HadoopError> {
        let give_up_at = Instant::now() + patience;
        let request = KillApplicationRequestProto {
            application_id: Some(id.into()),
            diagnostics: Some(reason.to_owned()),
        };
        loop {
            let method = "forceKillApplication";
            let answer: KillApplicationResponseProto =
                self.rpc.call(method, &request, Repeat::Safe).await?;
            if answer.is_kill_completed() {
                return Ok(());
            }
            let what = format!("{id} is still not killed");
            self.pause(give_up_at, patience, &what).await?;
        }
    }

    /// A queue, with all below it.
    pub async fn queue_info(&self, name: &str) -> Result<QueueInfo, HadoopError> {
        let method = "getQueueInfo";
        let request = GetQueueInfoRequestProto {
            queue_name: Some(name.to_owned()),
            include_applications: Some(false),
            include_child_queues: Some(true),
            recursive: Some(true),
        };
        let answer: GetQueueInfoResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        let queue = answer.queue_info;
        let queue = queue.ok_or_else(|| HadoopError::answer(method, "there is no such queue"))?;
        Ok(queue.into())
    }

    /// The nodes that run.
    pub async fn running_nodes(&self) -> Result<Vec<NodeReport>, HadoopError> {
        let request = GetClusterNodesRequestProto {
            node_states: vec![NodeStateProto::NsRunning.into()],
        };
        let answer: GetClusterNodesResponseProto = self
            .rpc
            .call("getClusterNodes", &request, Repeat::Safe)
            .await?;
        Ok(answer.node_reports.into_iter().map(Into::into).collect())
    }

    /// The containers of an attempt, its application master's among them. Those that have ended may be missing.
    pub async fn containers(
        &self,
        attempt: ApplicationAttemptId,
    ) -> Result<Vec<ContainerReport>, HadoopError> {
        let request = GetContainersRequestProto {
            application_attempt_id: Some(attempt.into()),
        };
        let answer: GetContainersResponseProto = self
            .rpc
            .call("getContainers", &request, Repeat::Safe)
            .await?;
        Ok(answer.containers.into_iter().map(Into::into).collect())
    }

    /// How a container does. [`RemoteKind::ContainerNotFound`] when the resource manager does not remember it.
    pub async fn container_report(&self, id: ContainerId) -> Result<ContainerReport, HadoopError> {
        let method = "getContainerReport";
        let request = GetContainerReportRequestProto {
            container_id: Some(id.into()),
        };
        let answer: GetContainerReportResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        let report = answer.container_report;
        let report = report.ok_or_else(|| HadoopError::answer(method, "it has no report"))?;
        Ok(report.into())
    }

    /// Gets a token with which to log in here in place of Kerberos. `renewer` may prolong its life. Given out to
    /// clients that have logged in by Kerberos only.
    pub async fn delegation_token(&self, renewer: &str) -> Result<Token, HadoopError> {
        let method = "getDelegationToken";
        let request = GetDelegationTokenRequestProto {
            renewer: renewer.to_owned(),
        };
        // A second one does no harm: it ends by itself.
        let answer: GetDelegationTokenResponseProto =
            self.rpc.call(method, &request, Repeat::Safe).await?;
        let token = answer.token;
        let token = token.ok_or_else(|| HadoopError::answer(method, "it has no token"))?;
        Ok(token.into())
    }

    /// Prolongs a token's life; gives its new end in epoch milliseconds.
    pub async fn renew_delegation_token(&self, token: &Token) -> Result<u64, HadoopError> {
        let request = RenewDelegationTokenRequestProto {
            token: token.clone().into(),
        };
        let answer: RenewDelegationTokenResponseProto = self
            .rpc
            .call("renewDelegationToken", &request, Repeat::Safe)
            .await?;
        Ok(answer.new_expiry_time)
    }

    /// Ends a token's life.
    pub async fn cancel_delegation_token(&self, token: &Token) -> Result<(), HadoopError> {
        let request = CancelDelegationTokenRequestProto {
            token: token.clone().into(),
        };
        let _: CancelDelegationTokenResponseProto = self
            .rpc
            .call("cancelDelegationToken", &request, Repeat::Safe)
            .await?;
        Ok(())
    }

    async fn pause(
        &self,
        give_up_at: Instant,
        patience: Duration,
        what: &str,
    ) -> Result<(), HadoopError> {
        if Instant::now() + PAUSE > give_up_at {
            return Err(HadoopError::TimedOut {
                server: self.name.clone(),
                what: what.to_owned(),
                after: patience,
            });
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }
}
