use std::time::Duration;

use tokio::time::Instant;

use crate::{HadoopError, RemoteKind};

/// What stands between us and the resource manager, and when to try again.
#[derive(Debug)]
pub(super) struct Trouble {
    first_pause: Duration,
    longest_pause: Duration,
    now: Option<Current>,
}

#[derive(Debug)]
struct Current {
    reason: String,
    next_pause: Duration,
    try_at: Instant,
    /// Since when the resource manager has refused this attempt, without a break.
    refused_since: Option<Instant>,
}

impl Trouble {
    pub(super) fn new(first_pause: Duration, longest_pause: Duration) -> Self {
        Self {
            first_pause,
            longest_pause,
            now: None,
        }
    }

    /// After a failure. Logs it, unless it is the same again. Gives how long the resource manager has been refusing
    /// this attempt.
    pub(super) fn failed(&mut self, error: &HadoopError, now: Instant) -> Duration {
        let reason = error.to_string();
        let before = self.now.take();
        if before.as_ref().is_none_or(|before| before.reason != reason) {
            tracing::warn!(%error, "the resource manager cannot be talked to; trying again");
        }
        let is_refusal = matches!(
            error.remote_kind(),
            Some(RemoteKind::InvalidToken | RemoteKind::InvalidMasterRequest)
        );
        let refused_before = before.as_ref().and_then(|before| before.refused_since);
        let refused_since = is_refusal.then(|| refused_before.unwrap_or(now));
        let pause = before.map_or(self.first_pause, |before| before.next_pause);
        self.now = Some(Current {
            reason,
            next_pause: (2 * pause).min(self.longest_pause),
            try_at: now + pause,
            refused_since,
        });
        refused_since.map_or(Duration::ZERO, |since| now.duration_since(since))
    }

    pub(super) fn is_over(&mut self) {
        if self.now.take().is_some() {
            tracing::info!("the resource manager answers again");
        }
    }

    /// Not before this.
    pub(super) fn try_at(&self) -> Option<Instant> {
        self.now.as_ref().map(|now| now.try_at)
    }

    pub(super) fn reason(&self) -> Option<&str> {
        self.now.as_ref().map(|now| now.reason.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RemoteError;

    #[test]
    fn pauses_grow_and_refusals_are_timed() {
        let second = Duration::from_secs(1);
        let mut trouble = Trouble::new(second, 3 * second);
        let away = HadoopError::Unreachable {
            server: "rm:8030".into(),
            reason: "refused".into(),
        };
        let class = "org.apache.hadoop.security.token.SecretManager$InvalidToken".to_owned();
        let refused = RemoteError::new("rm:8030", "allocate", Some(class), None).into();
        let start = Instant::now();
        let mut pauses = Vec::new();
        for _ in 0..4 {
            assert_eq!(trouble.failed(&away, start), Duration::ZERO);
            pauses.push(trouble.try_at().unwrap() - start);
        }
        assert_eq!(pauses, [second, 2 * second, 3 * second, 3 * second]);
        assert_eq!(trouble.failed(&refused, start + second), Duration::ZERO);
        assert_eq!(trouble.failed(&refused, start + 5 * second), 4 * second);
        // Something else in between: it begins anew.
        assert_eq!(trouble.failed(&away, start + 6 * second), Duration::ZERO);
        assert_eq!(trouble.failed(&refused, start + 7 * second), Duration::ZERO);
        assert!(trouble.reason().is_some());
        trouble.is_over();
        assert_eq!((trouble.try_at(), trouble.reason()), (None, None));
        trouble.failed(&away, start);
        assert_eq!(trouble.try_at(), Some(start + second));
    }
}
