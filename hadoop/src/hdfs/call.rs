//! Calls of the client underneath, which by itself waits as long as a server lets it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use hdfs_native::HdfsError;

/// Why a call has given nothing.
#[derive(Debug)]
pub(super) enum Failure {
    Answer(HdfsError),
    TimedOut(Duration),
    /// The client underneath has panicked, as it does over answers and token files that are not as they should be.
    Confused,
}

/// Waits for a call, up to `limit`.
pub(super) async fn bounded<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, HdfsError>>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    // After a panic the future is not asked again, so that nothing half done is seen.
    let guarded =
        poll_fn(
            |context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
                Ok(Poll::Pending) => Poll::Pending,
                Ok(Poll::Ready(outcome)) => Poll::Ready(outcome.map_err(Failure::Answer)),
                Err(_) => Poll::Ready(Err(Failure::Confused)),
            },
        );
    match tokio::time::timeout(limit, guarded).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Failure::TimedOut(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn calls_end() {
        let short = Duration::from_millis(20);
        let good = bounded(short, async { Ok(5) }).await;
        assert_eq!(good.unwrap(), 5);
        let endless = bounded(short, std::future::pending::<Result<(), HdfsError>>()).await;
        assert!(matches!(endless, Err(Failure::TimedOut(after)) if after == short));
        let confused = bounded(short, async {
            let bytes: [u8; 0] = [];
            let first = bytes.first().copied();
            first.map_or_else(|| panic!("an empty identifier"), Ok)
        });
        assert!(matches!(confused.await, Err(Failure::Confused)));
    }
}
