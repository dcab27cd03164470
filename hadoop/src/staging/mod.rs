//! The files that containers are given, in HDFS.

mod resources;

use std::collections::BTreeMap;
use std::path::Path;

pub use resources::{application_resources, payload_resources};

use crate::files::read_limited;
use crate::{ApplicationId, FileStatus, FileSystem, HadoopError, LocalResource};

/// They hold configuration: nobody else's business.
const DIRECTORY_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;

const CONFIGURATION_FILES: [&str; 3] = ["core-site.xml", "hdfs-site.xml", "yarn-site.xml"];
const CONFIGURATION_FOLDER: &str = "hadoop-conf";
const MAX_CONFIGURATION_BYTES: u64 = 16 << 20;

/// The files of one application in HDFS, in a directory of its own that only its user may enter
/// (`<home>/<folder>/<application id>/`), and the local resources made of them.
#[derive(Debug)]
pub struct ApplicationFiles {
    fs: FileSystem,
    directory: String,
    resources: BTreeMap<String, LocalResource>,
}

impl ApplicationFiles {
    /// Makes the directory; `folder` is a path below the user's home.
    ///
    /// # Errors
    /// [`FileProblem::NoHome`](crate::FileProblem::NoHome) when the user has no home directory in HDFS, with what an
    /// administrator has to do; else as [`FileSystem::make_directories`].
    pub async fn create(
        fs: &FileSystem,
        folder: &str,
        application: ApplicationId,
    ) -> Result<Self, HadoopError> {
        let directory = Self::directory_of(fs, folder, application)?;
        fs.prepare_home().await?;
        fs.make_directories(folder, DIRECTORY_MODE).await?;
        fs.make_directories(&directory, DIRECTORY_MODE).await?;
        Ok(Self {
            fs: fs.clone(),
            directory,
            resources: BTreeMap::new(),
        })
    }

    /// Where the files of an application are, or would be.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] as [`FileSystem::absolute`].
    pub fn directory_of(
        fs: &FileSystem,
        folder: &str,
        application: ApplicationId,
    ) -> Result<String, HadoopError> {
        fs.absolute(&format!("{folder}/{application}"))
    }

    /// Uploads a local file, to be shown to containers under `name` (which may have slashes). As
    /// [`FileSystem::upload`].
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] for a name that a container cannot have; else as [`FileSystem::upload`].
    pub async fn upload(
        &mut self,
        name: &str,
        local: &Path,
        mode: u32,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<(), HadoopError> {
        let path = self.path(name)?;
        let file = self.fs.upload(local, &path, mode, progress).await?;
        self.insert(name, &file)
    }

    /// Writes a file that only the user may read, to be shown to containers under `name`.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] for a name that a container cannot have; else as [`FileSystem::write`].
    pub async fn add(&mut self, name: &str, content: &[u8]) -> Result<(), HadoopError> {
        let path = self.path(name)?;
        let file = self.fs.write(&path, content, FILE_MODE).await?;
        self.insert(name, &file)
    }

    /// Adds `core-site.xml`, `hdfs-site.xml` and `yarn-site.xml` of a directory, those that are there, as they are:
    /// containers find them in `hadoop-conf/`.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when none is there, [`HadoopError::File`] when one cannot be read or is larger than
    /// 16 MiB; else as [`Self::add`].
    pub async fn add_configuration(&mut self, conf_dir: &Path) -> Result<(), HadoopError> {
        let mut added = 0;
        for name in CONFIGURATION_FILES {
            let file = conf_dir.join(name);
            if !file
                .try_exists()
                .map_err(HadoopError::file("open", &file))?
            {
                continue;
            }
            let content = read_limited(&file, MAX_CONFIGURATION_BYTES)?;
            self.add(&format!("{CONFIGURATION_FOLDER}/{name}"), &content)
                .await?;
            added += 1;
        }
        if added == 0 {
            return Err(HadoopError::Invalid(format!(
                "there is no core-site.xml, hdfs-site.xml or yarn-site.xml in {}",
                conf_dir.display()
            )));
        }
        Ok(())
    }

    /// What has been added, for [`LaunchContext::local_resources`](crate::LaunchContext::local_resources).
    pub fn local_resources(&self) -> &BTreeMap<String, LocalResource> {
        &self.resources
    }

    /// The directory's path in HDFS.
    pub fn directory(&self) -> &str {
        &self.directory
    }

    /// Deletes the directory with all that is in it.
    ///
    /// # Errors
    /// As [`FileSystem::delete`].
    pub async fn remove(self) -> Result<(), HadoopError> {
        self.fs.delete(&self.directory).await?;
        Ok(())
    }

    fn path(&self, name: &str) -> Result<String, HadoopError> {
        resources::check_name(name)?;
        Ok(format!("{}/{name}", self.directory))
    }

    fn insert(&mut self, name: &str, file: &FileStatus) -> Result<(), HadoopError> {
        let resource = self.fs.local_resource(file)?;
        self.resources.insert(name.to_owned(), resource);
        Ok(())
    }
}
