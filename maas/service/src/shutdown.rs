use tokio::sync::watch;

/// What a service, or one of its instances, is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shutdown {
    /// To go on.
    #[default]
    No,
    /// To end, and its models with it. A sender that is gone means this, too: nobody wants the work.
    StopModels,
    /// To end, and to leave its models running for the next service to adopt. Models that cannot live without the service
    /// end all the same.
    LeaveModels,
}

/// Waits for the order to end, and says which one it was.
pub(crate) async fn told_to_end(signal: &watch::Receiver<Shutdown>) -> Shutdown {
    let mut signal = signal.clone();
    let told = signal.wait_for(|order| *order != Shutdown::No).await;
    told.map_or(Shutdown::StopModels, |order| *order)
}
