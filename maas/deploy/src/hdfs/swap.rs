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

#[cfg(test)]
mod tests {
    use alidade_hadoop::HadoopConf;
    use alidade_testkit::Hdfs;

    use super::*;

    const TARGET: &str = "/user/me/models";

    #[tokio::test(flavor = "multi_thread")]
    async fn the_former_payload_comes_back_when_the_new_one_cannot_come() {
        let hdfs = Hdfs::start().unwrap();
        let conf = HadoopConf::read(&hdfs.conf_dir()).unwrap();
        let fs = FileSystem::connect(&conf, None).await.unwrap();
        let write = async |path: &str, content: &[u8]| {
            fs.write(path, content, 0o644).await.unwrap();
        };
        let script = async || {
            let path = format!("{TARGET}/rest.sh");
            fs.read(&path, 100).await.unwrap().unwrap()
        };
        let names = Names::new("/user/me", "models");

        // Nothing has been uploaded, and nothing is there: then nothing is there afterwards.
        let error = swap(&fs, &names, TARGET).await.unwrap_err().to_string();
        assert!(error.contains("deleted by somebody else"), "{error}");
        assert_eq!(fs.status(TARGET).await.unwrap(), None);

        write(&format!("{TARGET}/rest.sh"), b"former").await;
        swap(&fs, &names, TARGET).await.unwrap_err();
        assert_eq!(script().await, b"former");

        // A place that the upload cannot be renamed to, since the directory above it is gone.
        write(&format!("{}/rest.sh", names.uploading), b"new").await;
        let error = swap(&fs, &names, "/user/none/models").await.unwrap_err();
        assert!(error.to_string().contains("/user/none/models"), "{error}");

        swap(&fs, &names, TARGET).await.unwrap();
        assert_eq!(script().await, b"new");
        let beside = fs.list("/user/me", 10).await.unwrap();
        assert_eq!(beside.len(), 1, "{beside:?}");
        let too_many = fs.list("/user/me", 0).await.unwrap_err();
        assert!(too_many.to_string().contains("more than 0"), "{too_many}");
    }
}
