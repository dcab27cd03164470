use super::ids::{ApplicationAttemptId, ApplicationId};
use super::launch::LaunchContext;
use super::resource::Resource;
use crate::HadoopError;
use crate::Token;
use crate::proto::yarn::{
    ApplicationReportProto, ApplicationSubmissionContextProto, FinalApplicationStatusProto,
    GetNewApplicationResponseProto, LogAggregationContextProto, PriorityProto, QueueInfoProto,
    QueueStateProto, YarnApplicationStateProto,
};

/// Limits of the resource manager.
const MAX_TYPE_CHARACTERS: usize = 20;
const MAX_TAGS: usize = 10;
const MAX_TAG_CHARACTERS: usize = 100;

/// An id for an application that is to be submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewApplication {
    pub id: ApplicationId,
    /// The largest container that the cluster gives.
    pub maximum: Resource,
}

/// An application to be run: its master, and how YARN is to treat it.
#[derive(Debug, Clone)]
pub struct Submission {
    pub id: ApplicationId,
    pub name: String,
    pub queue: String,
    /// At most 20 characters; YARN's own name for it is `YARN`.
    pub kind: String,
    /// To find it by; at most 10, of at most 100 ASCII characters. They are made lower case, as YARN's own
    /// clients do.
    pub tags: Vec<String>,
    pub priority: Option<i32>,
    /// How to start the application master.
    pub launch: LaunchContext,
    /// What the application master gets.
    pub resource: Resource,
    /// How often the application master may fail, if not as often as the cluster allows.
    pub max_attempts: Option<i32>,
    /// Forget failures that are older: else a long-lived application dies of its last allowed one, whenever that is.
    pub failures_validity_ms: Option<i64>,
    /// Let containers live on when the application master fails; the next attempt gets them back.
    pub keep_containers: bool,
    /// Which log files are collected while the application runs (a regular expression), where the cluster does so.
    pub rolled_logs_pattern: Option<String>,
    /// Where containers may run, if not on nodes without label.
    pub node_label: Option<String>,
}

impl Submission {
    /// An application in the queue `default`.
    pub fn new(id: ApplicationId, name: &str, launch: LaunchContext, resource: Resource) -> Self {
        Self {
            id,
            name: name.to_owned(),
            queue: "default".to_owned(),
            kind: "YARN".to_owned(),
            tags: Vec::new(),
            priority: None,
            launch,
            resource,
            max_attempts: None,
            failures_validity_ms: None,
            keep_containers: false,
            rolled_logs_pattern: None,
            node_label: None,
        }
    }

    /// What the resource manager would refuse or silently cut.
    pub(super) fn check(&self) -> Result<(), HadoopError> {
        if self.kind.chars().count() > MAX_TYPE_CHARACTERS {
            return Err(HadoopError::Invalid(format!(
                "the application type {:?} has more than {MAX_TYPE_CHARACTERS} characters",
                self.kind
            )));
        }
        if self.tags.len() > MAX_TAGS {
            return Err(HadoopError::Invalid(format!(
                "more than {MAX_TAGS} tags: {:?}",
                self.tags
            )));
        }
        for tag in &self.tags {
            if tag.len() > MAX_TAG_CHARACTERS || !tag.is_ascii() {
                return Err(HadoopError::Invalid(format!(
                    "the tag {tag:?} is not of at most {MAX_TAG_CHARACTERS} ASCII characters"
                )));
            }
        }
        Ok(())
    }
}

impl From<&Submission> for ApplicationSubmissionContextProto {
    fn from(submission: &Submission) -> Self {
        let priority = submission.priority.map(|priority| PriorityProto {
            priority: Some(priority),
        });
        let tags = submission.tags.iter();
        let logs = submission.rolled_logs_pattern.as_ref();
        Self {
            application_id: Some(submission.id.into()),
            application_name: Some(submission.name.clone()),
            queue: Some(submission.queue.clone()),
            priority,
            am_container_spec: Some((&submission.launch).into()),
            max_app_attempts: submission.max_attempts,
            resource: Some(submission.resource.into()),
            application_type: Some(submission.kind.clone()),
            keep_containers_across_application_attempts: Some(submission.keep_containers),
            application_tags: tags.map(|tag| tag.to_lowercase()).collect(),
            attempt_failures_validity_interval: submission.failures_validity_ms,
            log_aggregation_context: logs.map(|pattern| LogAggregationContextProto {
                rolled_logs_include_pattern: Some(pattern.clone()),
                ..LogAggregationContextProto::default()
            }),
            node_label_expression: submission.node_label.clone(),
            ..ApplicationSubmissionContextProto::default()
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplicationState {
    New,
    NewSaving,
    Submitted,
    /// Waits for its application master to start and register, for the first time or again.
    Accepted,
    Running,
    Finished,
    Failed,
    Killed,
    /// One that this client does not know.
    Other(i32),
}

/// Those of applications that have not ended.
pub(super) const LIVE: [ApplicationState; 5] = [
    ApplicationState::New,
    ApplicationState::NewSaving,
    ApplicationState::Submitted,
    ApplicationState::Accepted,
    ApplicationState::Running,
];

impl ApplicationState {
    /// It will not change any more.
    pub fn is_final(self) -> bool {
        use ApplicationState::{Failed, Finished, Killed};
        matches!(self, Finished | Failed | Killed)
    }

    /// The resource manager has not yet decided whether it takes it.
    pub fn is_before_acceptance(self) -> bool {
        use ApplicationState::{New, NewSaving, Submitted};
        matches!(self, New | NewSaving | Submitted)
    }
}

impl From<i32> for ApplicationState {
    fn from(number: i32) -> Self {
        match YarnApplicationStateProto::try_from(number) {
            Ok(YarnApplicationStateProto::New) => ApplicationState::New,
            Ok(YarnApplicationStateProto::NewSaving) => ApplicationState::NewSaving,
            Ok(YarnApplicationStateProto::Submitted) => ApplicationState::Submitted,
            Ok(YarnApplicationStateProto::Accepted) => ApplicationState::Accepted,
            Ok(YarnApplicationStateProto::Running) => ApplicationState::Running,
            Ok(YarnApplicationStateProto::Finished) => ApplicationState::Finished,
            Ok(YarnApplicationStateProto::Failed) => ApplicationState::Failed,
            Ok(YarnApplicationStateProto::Killed) => ApplicationState::Killed,
            Err(_) => ApplicationState::Other(number),
        }
    }
}

impl From<ApplicationState> for i32 {
    fn from(state: ApplicationState) -> Self {
        match state {
            ApplicationState::New => YarnApplicationStateProto::New.into(),
            ApplicationState::NewSaving => YarnApplicationStateProto::NewSaving.into(),
            ApplicationState::Submitted => YarnApplicationStateProto::Submitted.into(),
            ApplicationState::Accepted => YarnApplicationStateProto::Accepted.into(),
            ApplicationState::Running => YarnApplicationStateProto::Running.into(),
            ApplicationState::Finished => YarnApplicationStateProto::Finished.into(),
            ApplicationState::Failed => YarnApplicationStateProto::Failed.into(),
            ApplicationState::Killed => YarnApplicationStateProto::Killed.into(),
            ApplicationState::Other(number) => number,
        }
    }
}

/// How an application ended, in the words of its master.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FinalStatus {
    /// It has not ended.
    Undefined,
    Succeeded,
    Failed,
    Killed,
    /// It has several parts, which ended differently.
    Ended,
    /// One that this client does not know.
    Other(i32),
}

impl From<i32> for FinalStatus {
    fn from(number: i32) -> Self {
        match FinalApplicationStatusProto::try_from(number) {
            Ok(FinalApplicationStatusProto::AppUndefined) => FinalStatus::Undefined,
            Ok(FinalApplicationStatusProto::AppSucceeded) => FinalStatus::Succeeded,
            Ok(FinalApplicationStatusProto::AppFailed) => FinalStatus::Failed,
            Ok(FinalApplicationStatusProto::AppKilled) => FinalStatus::Killed,
            Ok(FinalApplicationStatusProto::AppEnded) => FinalStatus::Ended,
            Err(_) => FinalStatus::Other(number),
        }
    }
}

impl From<FinalStatus> for i32 {
    fn from(status: FinalStatus) -> Self {
        match status {
            FinalStatus::Undefined => FinalApplicationStatusProto::AppUndefined.into(),
            FinalStatus::Succeeded => FinalApplicationStatusProto::AppSucceeded.into(),
            FinalStatus::Failed => FinalApplicationStatusProto::AppFailed.into(),
            FinalStatus::Killed => FinalApplicationStatusProto::AppKilled.into(),
            FinalStatus::Ended => FinalApplicationStatusProto::AppEnded.into(),
            FinalStatus::Other(number) => number,
        }
    }
}

/// What the resource manager says about an application.
#[derive(Debug, Clone, PartialEq)]
pub struct ApplicationReport {
    pub id: ApplicationId,
    pub attempt: Option<ApplicationAttemptId>,
    pub name: String,
    pub kind: String,
    pub user: String,
    pub queue: String,
    pub tags: Vec<String>,
    pub state: ApplicationState,
    pub final_status: FinalStatus,
    /// Why it failed or was killed, or what it waits for.
    pub diagnostics: String,
    /// The application master's; `N/A` until it registers.
    pub host: String,
    /// The application master's page, through the resource manager's proxy.
    pub tracking_url: String,
    /// 0 to 1
    pub progress: f32,
    /// Epoch milliseconds.
    pub started_ms: i64,
    /// Epoch milliseconds; 0 while it runs.
    pub finished_ms: i64,
    /// For the application master, shown to the application's owner in some cases.
    pub am_rm_token: Option<Token>,
}

impl TryFrom<ApplicationReportProto> for ApplicationReport {
    type Error = String;

    fn try_from(report: ApplicationReportProto) -> Result<Self, String> {
        Ok(Self {
            id: report
                .application_id
                .ok_or("it has no application id")?
                .into(),
            attempt: report.current_application_attempt_id.map(Into::into),
            state: report.yarn_application_state.unwrap_or_default().into(),
            final_status: report.final_application_status.unwrap_or_default().into(),
            diagnostics: report.diagnostics().to_owned(),
            progress: report.progress(),
            started_ms: report.start_time(),
            finished_ms: report.finish_time(),
            name: report.name.unwrap_or_default(),
            kind: report.application_type.unwrap_or_default(),
            user: report.user.unwrap_or_default(),
            queue: report.queue.unwrap_or_default(),
            tags: report.application_tags,
            host: report.host.unwrap_or_default(),
            tracking_url: report.tracking_url.unwrap_or_default(),
            am_rm_token: report.am_rm_token.map(Into::into),
        })
    }
}

impl TryFrom<GetNewApplicationResponseProto> for NewApplication {
    type Error = String;

    fn try_from(new: GetNewApplicationResponseProto) -> Result<Self, String> {
        Ok(Self {
            id: new.application_id.ok_or("it has no application id")?.into(),
            maximum: new.maximum_capability.unwrap_or_default().into(),
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueState {
    /// Takes no applications.
    Stopped,
    Running,
    /// Takes no applications; those in it go on.
    Draining,
    /// One that this client does not know.
    Other(i32),
}

/// A queue of the scheduler. Capacities are parts of 1: of the parent's, and `used` of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct QueueInfo {
    pub name: String,
    pub state: QueueState,
    pub capacity: f32,
    pub maximum_capacity: f32,
    pub used: f32,
    pub children: Vec<QueueInfo>,
}

impl From<QueueInfoProto> for QueueInfo {
    // As deep as the decoder goes, which has a limit.
    fn from(queue: QueueInfoProto) -> Self {
        let number = queue.state.unwrap_or_default();
        let state = match QueueStateProto::try_from(number) {
            Ok(QueueStateProto::QStopped) => QueueState::Stopped,
            Ok(QueueStateProto::QRunning) => QueueState::Running,
            Ok(QueueStateProto::QDraining) => QueueState::Draining,
            Err(_) => QueueState::Other(number),
        };
        Self {
            state,
            capacity: queue.capacity(),
            maximum_capacity: queue.maximum_capacity(),
            used: queue.current_capacity(),
            children: queue.child_queues.into_iter().map(Into::into).collect(),
            name: queue.queue_name.unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_resource_manager_would_refuse_is_refused_here() {
        let id = "application_1_0001".parse().unwrap();
        let good = Submission::new(id, "a", LaunchContext::new("true"), Resource::new(1, 1));
        assert!(good.check().is_ok());
        let mut long = good.clone();
        long.kind = "a".repeat(21);
        assert!(long.check().is_err());
        let mut tags = good.clone();
        tags.tags = vec!["a".into(); 11];
        assert!(tags.check().is_err());
        tags.tags = vec!["ä".into()];
        assert!(tags.check().is_err());
        tags.tags = vec!["a".repeat(101)];
        assert!(tags.check().is_err());
    }

    #[test]
    fn states_that_are_not_known_are_kept() {
        assert_eq!(ApplicationState::from(5), ApplicationState::Running);
        assert_eq!(ApplicationState::from(99), ApplicationState::Other(99));
        for number in [1, 2, 3, 4, 5, 6, 7, 8, 99] {
            let state = ApplicationState::from(number);
            assert_eq!(i32::from(state), number);
            assert_eq!(LIVE.contains(&state), number <= 5);
            assert!(!(LIVE.contains(&state) && state.is_final()));
        }
        for number in [0, 1, 2, 3, 4, 99] {
            assert_eq!(i32::from(FinalStatus::from(number)), number);
        }
    }
}
