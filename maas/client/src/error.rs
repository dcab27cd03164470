/// Why a caller cannot be made. Failed calls are not errors: they yield null.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("cannot set up HTTP for model calls: {0}")]
    Http(#[source] reqwest::Error),
}
