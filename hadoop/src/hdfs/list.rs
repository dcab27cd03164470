//! One directory at a time.

use super::{CALL, FileStatus, FileSystem};
use crate::HadoopError;

impl FileSystem {
    /// The files and directories in a directory, without those below them, sorted by path.
    ///
    /// # Errors
    /// As [`Self::files_below`]; [`FileProblem::TooMuch`](super::FileProblem::TooMuch) when there are more than `limit`.
    pub async fn list(
        &self,
        directory: &str,
        limit: usize,
    ) -> Result<Vec<FileStatus>, HadoopError> {
        let action = "list";
        let directory = self.absolute(directory)?;
        let asked = self.asked(action, &directory);
        match self.status(&directory).await? {
            None => return Err(asked.missing()),
            Some(status) if !status.is_directory => return Err(asked.not_a_directory()),
            Some(_) => {}
        }
        let listing = self.inner.client.list_status_iter(&directory, false);
        let mut entries = Vec::new();
        loop {
            let next = async { listing.next().await.transpose() };
            let Some(status) = self.call(action, &directory, CALL, next).await? else {
                break;
            };
            entries.push(FileStatus::from(status));
            if entries.len() > limit {
                let reason = format!("there are more than {limit} files and directories in it");
                return Err(asked.too_much(&reason));
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }
}
