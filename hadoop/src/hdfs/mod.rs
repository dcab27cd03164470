//! Files in HDFS.

mod call;
mod credentials;
mod error;
mod list;
mod path;
mod place;
mod transfer;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hdfs_native::HdfsError;
use hdfs_native::client::{Client, ClientBuilder};

pub use credentials::hdfs_credentials;
pub use error::{FileProblem, FileSystemError};
pub(crate) use path::component_problem;

use crate::conf::Authentication;
use crate::ipc::{Login, default_principal};
use crate::{Credentials, HadoopConf, HadoopError, LocalResource, TokenKind};
use call::bounded;
use error::Asked;
use place::Place;

/// How long a call to the NameNode may take, with what is tried again inside of it.
const CALL: Duration = Duration::from_secs(30);

/// Which server the NameNode must be.
const NAME_NODE_PRINCIPAL: &str = "dfs.namenode.kerberos.principal";

/// How often the client underneath tries each NameNode that cannot be reached, and for how long it waits in between:
/// together some seconds, so that a NameNode that is not there is told from one that does not answer.
const ATTEMPTS: usize = 5;
const FIRST_PAUSE_MS: &str = "250";
const LONGEST_PAUSE_MS: &str = "2000";

/// More directories than any tree of files that is listed as a whole has; see [`FileSystem::files_below`].
const MAX_DIRECTORIES: usize = 10_000;

/// Files in HDFS. Every call ends within a time limit (30 s for the NameNode, 60 s for each MiB of data), and every
/// error is a sentence with the path, the file system and, where there is one, the remedy.
///
/// Paths are absolute (`/a/b`, `hdfs://host:port/a/b`) or below the user's home directory (`a/b`); see
/// [`Self::absolute`]. Modes are Unix permissions, such as `0o640`; no umask is taken off them.
///
/// Cheap to clone; clones share the connection.
#[derive(Clone, Debug)]
pub struct FileSystem {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    place: Place,
    user: String,
    home: String,
}

/// What the NameNode says about a file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStatus {
    /// From the root, without the file system's URI.
    pub path: String,
    pub is_directory: bool,
    /// Bytes; 0 for directories.
    pub size: u64,
    /// Epoch milliseconds of the last modification: what [`LocalResource::modified_ms`] must be.
    pub modified_ms: i64,
    pub owner: String,
    /// Unix permissions, with the sticky bit.
    pub mode: u32,
}

impl FileSystem {
    /// The file system of `uri` (`hdfs://host:port`, or `hdfs://nameservice` where `hdfs-site.xml` tells its NameNodes),
    /// or that of `fs.defaultFS`. Connects with the first call.
    ///
    /// Without security, as the user that [`Login::from_conf`] decides on (`HADOOP_USER_NAME`, else the system's). With
    /// Kerberos, by the token of the file that `HADOOP_TOKEN_FILE_LOCATION` names, as in a container of YARN's, else by
    /// the ticket cache.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] and [`HadoopError::Invalid`] when there is no such file system to be found;
    /// [`HadoopError::Kerberos`] without token and ticket.
    pub async fn connect(conf: &HadoopConf, uri: Option<&str>) -> Result<FileSystem, HadoopError> {
        if conf.authentication()? == Authentication::Kerberos {
            return Self::connect_secured(conf, uri).await;
        }
        match Login::from_conf(conf, NAME_NODE_PRINCIPAL)? {
            Login::Simple { user } => Self::connect_as(conf, uri, &user).await,
            other => Err(HadoopError::Invalid(format!(
                "a cluster without security takes no login such as {other:?}"
            ))),
        }
    }

    /// As [`Self::connect`], as this user, on a cluster without security.
    ///
    /// # Errors
    /// As [`Self::connect`]; [`HadoopError::Invalid`] on a cluster with Kerberos.
    pub async fn connect_as(
        conf: &HadoopConf,
        uri: Option<&str>,
        user: &str,
    ) -> Result<FileSystem, HadoopError> {
        if conf.authentication()? == Authentication::Kerberos {
            return Err(HadoopError::Invalid(format!(
                "the cluster has Kerberos: its users are known by their tickets, and not by a name such as {user:?}"
            )));
        }
        let place = Place::find(conf, uri)?;
        let url = place.uri.clone();
        Self::build(conf, place, url, user, Some(user))
    }

    async fn connect_secured(
        conf: &HadoopConf,
        uri: Option<&str>,
    ) -> Result<FileSystem, HadoopError> {
        let place = Place::find(conf, uri)?;
        let tokens = Credentials::from_environment()?.unwrap_or_default();
        let url = credentials::url_with_token(&place, &tokens).await;
        let owner = tokens
            .token_of_kind(TokenKind::Hdfs)
            .and_then(credentials::owner);
        let user = match owner {
            Some(owner) => owner,
            None => default_principal().await?,
        };
        let short_name = user.split(['/', '@']).next().unwrap_or_default().to_owned();
        Self::build(conf, place, url, &short_name, None)
    }

    fn build(
        conf: &HadoopConf,
        place: Place,
        url: String,
        user: &str,
        simple_user: Option<&str>,
    ) -> Result<FileSystem, HadoopError> {
        if path::component_problem(user).is_some() {
            return Err(HadoopError::Invalid(format!(
                "{user:?} is not the name of a user"
            )));
        }
        let prefix = conf.get_or("dfs.user.home.dir.prefix", "/user")?;
        let home = format!("{}/{user}", prefix.trim_end_matches('/'));
        let mut builder = ClientBuilder::new()
            .with_url(url)
            // Else the directory named by the environment would be read: `conf` alone counts.
            .with_config_dir("/dev/null")
            .with_config(client_settings(conf, &place)?);
        if let Some(user) = simple_user {
            builder = builder.with_user(user);
        }
        let client = builder.build().map_err(|error| {
            HadoopError::Invalid(format!("{} cannot be used: {error}", place.uri))
        })?;
        let inner = Inner {
            client,
            place,
            user: user.to_owned(),
            home,
        };
        Ok(FileSystem {
            inner: Arc::new(inner),
        })
    }

    /// `hdfs://host:port` or `hdfs://nameservice`, without a slash at the end.
    pub fn uri(&self) -> &str {
        &self.inner.place.uri
    }

    /// The user's short name, without host and realm.
    pub fn user(&self) -> &str {
        &self.inner.user
    }

    /// The user's home directory, `/user/<user>` unless the configuration has another (`dfs.user.home.dir.prefix`). It
    /// need not be there; see [`Self::prepare_home`].
    pub fn home(&self) -> String {
        self.inner.home.clone()
    }

    /// The path from the root: of `/a/b` and `hdfs://<this file system>/a/b` that, of `a/b` the one below
    /// [`Self::home`]. Slashes too many and a dot as a name do no harm.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] for a path with `..`, a colon or control characters, an empty one, one that is too long,
    /// and one in another file system.
    pub fn absolute(&self, path: &str) -> Result<String, HadoopError> {
        path::absolute(path, &self.inner.home, &self.inner.place)
    }

    /// The full URL of a path, as [`LocalResource::from_url`] takes it; [`Self::absolute`] tells whether the path can be
    /// used at all.
    pub fn url(&self, path: &str) -> String {
        let path = self
            .absolute(path)
            .unwrap_or_else(|_| format!("/{}", path.trim_start_matches('/')));
        format!("{}{path}", self.uri())
    }

    /// The file as a container can have it, for the containers of one application.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] for a directory.
    pub fn local_resource(&self, file: &FileStatus) -> Result<LocalResource, HadoopError> {
        if file.is_directory {
            return Err(HadoopError::Invalid(format!(
                "{} is a directory: a container fetches files",
                self.url(&file.path)
            )));
        }
        let size = i64::try_from(file.size).unwrap_or(i64::MAX);
        LocalResource::from_url(&self.url(&file.path), size, file.modified_ms)
    }

    /// What is at a path; none when there is nothing.
    ///
    /// # Errors
    /// [`HadoopError::FileSystem`]; [`HadoopError::Invalid`] as [`Self::absolute`]. So have all methods that follow.
    pub async fn status(&self, path: &str) -> Result<Option<FileStatus>, HadoopError> {
        let path = self.absolute(path)?;
        let work = self.inner.client.get_file_info(&path);
        match self.call("look at", &path, CALL, work).await {
            Ok(status) => Ok(Some(status.into())),
            Err(error) if error.file_problem() == Some(FileProblem::Missing) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All files below a directory and the directories in it, sorted by path. Directories are not told, nor files that
    /// [`Self::write`] and its kin are still writing, or have left behind when their process was killed.
    ///
    /// # Errors
    /// [`FileProblem::Missing`] when it is not there, [`FileProblem::NotADirectory`] when it is a file,
    /// [`FileProblem::TooMuch`] when there are more than `limit` files, or more than 10,000 directories.
    pub async fn files_below(
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
        let listing = self.inner.client.list_status_iter(&directory, true);
        let mut files = Vec::new();
        let mut others = 0;
        loop {
            let next = async { listing.next().await.transpose() };
            let Some(status) = self.call(action, &directory, CALL, next).await? else {
                break;
            };
            if status.isdir || transfer::is_unfinished(&status.path) {
                others += 1;
            } else {
                files.push(FileStatus::from(status));
            }
            if others > MAX_DIRECTORIES {
                return Err(asked.too_much(&format!(
                    "there are more than {MAX_DIRECTORIES} directories in it"
                )));
            }
            if files.len() > limit {
                return Err(asked.too_much(&format!("there are more than {limit} files in it")));
            }
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(files)
    }

    /// Makes a directory, with those above it. One that is there stays as it is, with the mode it has.
    ///
    /// # Errors
    /// [`FileProblem::Exists`] when it is a file, [`FileProblem::NotADirectory`] when one above it is; else as
    /// [`Self::status`].
    pub async fn make_directories(&self, path: &str, mode: u32) -> Result<(), HadoopError> {
        let path = self.absolute(path)?;
        let work = self.inner.client.mkdirs(&path, mode & MODE_BITS, true);
        self.call("make the directory", &path, CALL, work).await
    }

    /// Makes sure that the user's home directory is there: makes it (mode 0700) where the user may do so.
    ///
    /// # Errors
    /// [`FileProblem::NoHome`] with what an administrator of HDFS has to do; else as [`Self::status`].
    pub async fn prepare_home(&self) -> Result<(), HadoopError> {
        let home = self.home();
        match self.status(&home).await? {
            Some(status) if status.is_directory => Ok(()),
            Some(_) => Err(self
                .asked("use the home directory", &home)
                .not_a_directory()),
            None => {
                // Only the home is for its user alone: the directory above belongs to everybody.
                if let Some((above, _)) =
                    home.rsplit_once('/').filter(|(above, _)| !above.is_empty())
                {
                    // Where this is not allowed, neither is the home, which is what the user has to be told of.
                    let _ = self.make_directories(above, 0o755).await;
                }
                self.make_directories(&home, 0o700).await
            }
        }
    }

    /// Gives a file or directory another path. Its content is not touched, nor its time of modification.
    ///
    /// # Errors
    /// [`FileProblem::Exists`] when something is at `to`, [`FileProblem::Missing`] when nothing is at `from` or the
    /// directory for `to` is not there; else as [`Self::status`].
    pub async fn rename(&self, from: &str, to: &str) -> Result<(), HadoopError> {
        let (from, to) = (self.absolute(from)?, self.absolute(to)?);
        let action = format!("rename {from} to");
        self.call(
            &action,
            &to,
            CALL,
            self.inner.client.rename(&from, &to, false),
        )
        .await
    }

    /// Deletes a file, or a directory with all that is in it; not into the trash. False when nothing was there.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] for the root; else as [`Self::status`].
    pub async fn delete(&self, path: &str) -> Result<bool, HadoopError> {
        let path = self.absolute(path)?;
        if path == "/" {
            return Err(HadoopError::Invalid(format!(
                "the root of {} is not deleted",
                self.uri()
            )));
        }
        let work = self.inner.client.delete(&path, true);
        self.call("delete", &path, CALL, work).await
    }

    /// Does a call within a time limit. In a box: what the client underneath does is large, and would be part of every
    /// caller's future, several times over.
    fn call<'a, T: 'a>(
        &'a self,
        action: &'a str,
        path: &'a str,
        limit: Duration,
        work: impl Future<Output = Result<T, HdfsError>> + Send + 'a,
    ) -> Pin<Box<dyn Future<Output = Result<T, HadoopError>> + Send + 'a>> {
        let guarded = bounded(limit, work);
        Box::pin(async move {
            guarded
                .await
                .map_err(|failure| self.asked(action, path).failed(&failure))
        })
    }

    /// What an error is about.
    fn asked<'a>(&'a self, action: &'a str, path: &'a str) -> Asked<'a> {
        Asked {
            action,
            path,
            file_system: self.uri(),
            user: self.user(),
            home: &self.inner.home,
        }
    }
}

/// Permissions and the sticky bit: what HDFS knows.
const MODE_BITS: u32 = 0o1777;

/// What the client underneath has to know of the configuration, in the form that it reads.
fn client_settings(
    conf: &HadoopConf,
    place: &Place,
) -> Result<HashMap<String, String>, HadoopError> {
    let mut settings = HashMap::new();
    for name in conf.names() {
        let is_read = name.starts_with("dfs.") || name.starts_with("hadoop.security.");
        if is_read && let Some(value) = conf.get(name)? {
            settings.insert(name.to_owned(), value);
        }
    }
    let authentication = match conf.authentication()? {
        Authentication::Simple => "simple",
        Authentication::Kerberos => "kerberos",
    };
    let attempts = (ATTEMPTS * place.name_nodes.len().max(1)).to_string();
    let mut set = |name: &str, value: &str| {
        settings.insert(name.to_owned(), value.to_owned());
    };
    set("hadoop.security.authentication", authentication);
    set("dfs.client.failover.max.attempts", &attempts);
    set("dfs.client.failover.sleep.base.millis", FIRST_PAUSE_MS);
    set("dfs.client.failover.sleep.max.millis", LONGEST_PAUSE_MS);
    if let Some(nameservice) = &place.nameservice {
        let ids: Vec<String> = (0..place.name_nodes.len())
            .map(|id| format!("nn{id}"))
            .collect();
        set(&format!("dfs.ha.namenodes.{nameservice}"), &ids.join(","));
        for (id, address) in ids.iter().zip(&place.name_nodes) {
            let name = format!("dfs.namenode.rpc-address.{nameservice}.{id}");
            set(&name, &address.to_string());
        }
    }
    Ok(settings)
}

impl From<hdfs_native::client::FileStatus> for FileStatus {
    fn from(status: hdfs_native::client::FileStatus) -> Self {
        Self {
            path: status.path,
            is_directory: status.isdir,
            size: u64::try_from(status.length).unwrap_or(u64::MAX),
            modified_ms: i64::try_from(status.modification_time).unwrap_or(i64::MAX),
            owner: status.owner,
            mode: u32::from(status.permission) & MODE_BITS,
        }
    }
}
