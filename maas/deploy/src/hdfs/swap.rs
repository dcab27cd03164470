//! Putting an uploaded payload in the place of a former one.

use alidade_hadoop::{FileSystem, HadoopError};

use super::names::Names;
use crate::DeployError;

/// Puts what has been uploaded at the target, which is whole at every moment but the one between two renames.
pub(super) async fn swap(fs: &FileSystem, names: &Names, target: &str) -> Result<(), DeployError> {
    let had_former = moved(fs, target, &names.replaced).await?;
    let outcome = match moved(fs, &names.uploading, target).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(DeployError::Replacing(format!(
            "{} has been deleted by somebody else before it could become {target}",
            fs.url(&names.uploading)
        ))),
        Err(error) => Err(DeployError::Hadoop(error)),
    };
    if !had_former {
        return outcome;
    }
    if let Err(error) = outcome {
        if let Err(second) = moved(fs, &names.replaced, target).await {
            return Err(DeployError::Replacing(format!(
                "{error}; and the former payload, now {}, could not be put back: {second}",
                fs.url(&names.replaced)
            )));
        }
        return Err(error);
    }
    if let Err(error) = fs.delete(&names.replaced).await {
        let former = fs.url(&names.replaced);
        eprintln!("note: the former payload {former} is still there and can be deleted: {error}");
    }
    Ok(())
}

/// Renames, and looks for itself when the answer is not clear. False when there is nothing to rename.
async fn moved(fs: &FileSystem, from: &str, to: &str) -> Result<bool, HadoopError> {
    let Err(error) = fs.rename(from, to).await else {
        return Ok(true);
    };
    let (Ok(at_from), Ok(at_to)) = (fs.status(from).await, fs.status(to).await) else {
        return Err(error);
    };
    match (at_from, at_to) {
        (None, Some(_)) => Ok(true),
        (None, None) => Ok(false),
        (Some(_), _) => Err(error),
    }
}
