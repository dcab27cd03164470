//! What people are told when HDFS refuses.

use std::fmt;
use std::io::ErrorKind;

use hdfs_native::HdfsError;

use super::call::Failure;
use crate::HadoopError;

/// Room for the words of a server, which decides how many they are.
const REASON_CHARACTERS: usize = 600;

/// A file or directory in HDFS that cannot be had as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSystemError {
    pub problem: FileProblem,
    /// What was to be done, such as `write`.
    pub action: String,
    /// From the root.
    pub path: String,
    /// The file system's URI.
    pub file_system: String,
    pub reason: String,
    /// What helps; empty where there is nothing to say.
    pub remedy: String,
}

impl fmt::Display for FileSystemError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            path,
            file_system,
            reason,
            remedy,
            ..
        } = self;
        write!(
            formatter,
            "cannot {action} {path} in {file_system}: {reason}"
        )?;
        if remedy.is_empty() {
            return Ok(());
        }
        write!(formatter, "; {remedy}")
    }
}

impl std::error::Error for FileSystemError {}

/// The problems that a caller may want to tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileProblem {
    /// The NameNode is in safe mode: nothing can be changed for now.
    SafeMode,
    /// No DataNode takes the data, or a quota is used up.
    NoSpace,
    /// The user lacks a permission.
    Denied,
    /// The user has no home directory, and may not make one.
    NoHome,
    /// Nothing is there.
    Missing,
    /// Something is there already.
    Exists,
    /// It, or something above it, is a file.
    NotADirectory,
    /// It is a directory.
    IsADirectory,
    /// It is larger, or has more in it, than the caller allows.
    TooMuch,
    /// No NameNode or DataNode can be reached.
    Unreachable,
    /// No answer in time. It may still be carried out.
    TimedOut,
    /// The login is not accepted: ticket or token.
    Login,
    Other,
}

/// What an error is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) action: &'a str,
    pub(super) path: &'a str,
    pub(super) file_system: &'a str,
    pub(super) user: &'a str,
    pub(super) home: &'a str,
}

impl Asked<'_> {
    fn error(&self, problem: FileProblem, reason: &str, remedy: &str) -> HadoopError {
        HadoopError::FileSystem(FileSystemError {
            problem,
            action: self.action.to_owned(),
            path: self.path.to_owned(),
            file_system: self.file_system.to_owned(),
            reason: reason.chars().take(REASON_CHARACTERS).collect(),
            remedy: remedy.to_owned(),
        })
    }

    pub(super) fn missing(&self) -> HadoopError {
        self.error(
            FileProblem::Missing,
            "there is no such file or directory",
            "",
        )
    }

    pub(super) fn not_a_directory(&self) -> HadoopError {
        self.error(
            FileProblem::NotADirectory,
            "it is a file and not a directory",
            "",
        )
    }

    pub(super) fn is_a_directory(&self) -> HadoopError {
        self.error(
            FileProblem::IsADirectory,
            "it is a directory and not a file",
            "",
        )
    }

    pub(super) fn too_much(&self, reason: &str) -> HadoopError {
        self.error(FileProblem::TooMuch, reason, "")
    }

    pub(super) fn other(&self, reason: &str) -> HadoopError {
        self.error(FileProblem::Other, reason, "")
    }

    pub(super) fn failed(&self, failure: &Failure) -> HadoopError {
        match failure {
            Failure::TimedOut(after) => self.error(
                FileProblem::TimedOut,
                &format!("no answer within {} s", after.as_secs_f64()),
                "check that the NameNode and the DataNodes are well: `hdfs dfsadmin -report`",
            ),
            Failure::Confused => self.error(
                FileProblem::Other,
                "the HDFS client cannot make sense of what it has been given: an answer of a server, or the token file \
                 named by HADOOP_TOKEN_FILE_LOCATION",
                "",
            ),
            Failure::Answer(error) => self.answered(error),
        }
    }

    fn answered(&self, error: &HdfsError) -> HadoopError {
        match error {
            HdfsError::FileNotFound(_) => self.missing(),
            HdfsError::AlreadyExists(message)
                if message.contains("is already being created by") =>
            {
                self.error(FileProblem::Exists, "somebody is writing it", "")
            }
            HdfsError::AlreadyExists(_) => {
                self.error(FileProblem::Exists, "there is something already", "")
            }
            HdfsError::IsADirectoryError(_) => self.is_a_directory(),
            HdfsError::RPCError(class, message) | HdfsError::FatalRPCError(class, message) => {
                self.refused(class, message)
            }
            HdfsError::IOError(error) => self.unreachable(error),
            HdfsError::SASLError(_) | HdfsError::GSSAPIError(..) | HdfsError::NoSASLMechanism => {
                let reason = format!(
                    "the login is not accepted: {}",
                    first_line(&error.to_string())
                );
                self.error(FileProblem::Login, &reason, LOGIN_REMEDY)
            }
            HdfsError::DataTransferError(_) | HdfsError::ChecksumError => {
                let reason = format!("a DataNode fails: {}", first_line(&error.to_string()));
                self.error(FileProblem::Other, &reason, REPORT_REMEDY)
            }
            HdfsError::BlocksNotFound(_) => self.error(
                FileProblem::Other,
                "no DataNode that runs has its data",
                REPORT_REMEDY,
            ),
            other => self.other(first_line(&other.to_string())),
        }
    }

    fn unreachable(&self, error: &std::io::Error) -> HadoopError {
        let reason = first_line(&error.to_string()).to_owned();
        if error.kind() == ErrorKind::ConnectionAborted {
            let reason = format!("the NameNode has closed the connection ({reason})");
            let remedy = "check that it runs, and that hadoop.security.authentication is here as it is there";
            return self.error(FileProblem::Unreachable, &reason, remedy);
        }
        let remedy =
            "check that the NameNode and the DataNodes run, and that fs.defaultFS is right";
        self.error(
            FileProblem::Unreachable,
            &format!("not reachable: {reason}"),
            remedy,
        )
    }

    /// An exception of the NameNode's.
    fn refused(&self, class: &str, message: &str) -> HadoopError {
        let message = first_line(message);
        let class = class.rsplit(['.', '$']).next().unwrap_or_default();
        if class == "SafeModeException" || message.contains("is in safe mode") {
            let remedy =
                "wait until it has left it, or end it with `hdfs dfsadmin -safemode leave`";
            return self.error(
                FileProblem::SafeMode,
                "the NameNode is in safe mode",
                remedy,
            );
        }
        match class {
            "FileNotFoundException" => self.missing(),
            // A file is to be renamed to where a directory is, or the other way round.
            _ if message.ends_with("must both be directories") => {
                self.error(FileProblem::Exists, "there is something already", "")
            }
            "ParentNotDirectoryException" => {
                let reason = "something above it is a file and not a directory";
                self.error(FileProblem::NotADirectory, reason, "")
            }
            "PathIsDirectoryException" => self.is_a_directory(),
            "DSQuotaExceededException"
            | "NSQuotaExceededException"
            | "QuotaByStorageTypeExceededException" => {
                let reason = format!("a quota is used up: {message}");
                let remedy = "delete what is not needed, or have an HDFS administrator raise it (`hdfs dfsadmin -setQuota` \
                              and `-setSpaceQuota`)";
                self.error(FileProblem::NoSpace, &reason, remedy)
            }
            "AccessControlException" | "AuthorizationException" => self.denied(message),
            "InvalidToken" => {
                let reason = format!("the token is not accepted: {message}");
                let remedy = "tokens end after a week, and with their application: submit it again";
                self.error(FileProblem::Login, &reason, remedy)
            }
            "SaslException" | "GSSException" => {
                let reason = format!("the login is not accepted: {message}");
                self.error(FileProblem::Login, &reason, LOGIN_REMEDY)
            }
            "StandbyException" => {
                let remedy = "name the nameservice instead of one NameNode";
                self.error(
                    FileProblem::Unreachable,
                    "the NameNode is not the active one",
                    remedy,
                )
            }
            _ if message.contains("could only be written to")
                || message.contains("could only be replicated to") =>
            {
                let reason = format!("no DataNode takes the data: {message}");
                self.error(FileProblem::NoSpace, &reason, REPORT_REMEDY)
            }
            _ => self.other(&format!("{message} ({class})")),
        }
    }

    fn denied(&self, message: &str) -> HadoopError {
        if message.contains("authentication is not enabled") {
            let reason = format!("the login is not accepted: {message}");
            return self.error(FileProblem::Login, &reason, LOGIN_REMEDY);
        }
        let user = self.user;
        let Some(denial) = Denial::read(message) else {
            let reason = format!("user {user} has no permission: {message}");
            return self.error(FileProblem::Denied, &reason, "");
        };
        let Denial {
            access,
            inode,
            owner,
            mode,
        } = denial;
        let reason =
            format!("user {user} has no {access} permission for {inode} (owner {owner}, {mode})");
        let home = self.home;
        let is_above_home = home.strip_prefix(inode).is_some_and(|rest| {
            rest.starts_with('/') || (inode.ends_with('/') && !rest.is_empty())
        });
        let is_in_home = self.path == home
            || self
                .path
                .strip_prefix(home)
                .is_some_and(|rest| rest.starts_with('/'));
        if is_above_home && is_in_home && access.contains("WRITE") {
            let reason = format!(
                "user {user} has no home directory {home} in HDFS, and may not make it ({reason})"
            );
            let remedy = format!(
                "an HDFS administrator makes it: `hdfs dfs -mkdir -p {home}` and `hdfs dfs -chown {user} {home}`"
            );
            return self.error(FileProblem::NoHome, &reason, &remedy);
        }
        let remedy = format!(
            "name another place, become another user, or have the owner or an HDFS administrator give the permission \
             (`hdfs dfs -chmod` or `-chown` on {inode})"
        );
        self.error(FileProblem::Denied, &reason, &remedy)
    }
}

const LOGIN_REMEDY: &str = "where the cluster has Kerberos, hadoop.security.authentication must be kerberos in \
                            core-site.xml and there must be a ticket (kinit)";
const REPORT_REMEDY: &str = "check that the DataNodes run and have room: `hdfs dfsadmin -report`";

/// `Permission denied: user=alice, access=WRITE, inode="/":root:supergroup:drwxr-xr-x`
struct Denial<'a> {
    access: &'a str,
    inode: &'a str,
    owner: &'a str,
    mode: &'a str,
}

impl<'a> Denial<'a> {
    fn read(message: &'a str) -> Option<Self> {
        let (_, rest) = message.split_once("access=")?;
        let (access, rest) = rest.split_once(", inode=\"")?;
        let (inode, rest) = rest.split_once("\":")?;
        let mut parts = rest.splitn(3, ':');
        Some(Self {
            access,
            inode,
            owner: parts.next()?,
            mode: parts.nth(1)?,
        })
    }
}

/// Java's stack traces are not for people.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default().trim()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn asked(path: &str) -> Asked<'_> {
        Asked {
            action: "write",
            path,
            file_system: "hdfs://nn:8020",
            user: "alice",
            home: "/user/alice",
        }
    }

    fn refusal(path: &str, class: &str, message: &str) -> (FileProblem, String) {
        let error = HdfsError::RPCError(class.to_owned(), message.to_owned());
        let error = asked(path).failed(&Failure::Answer(error));
        (error.file_problem().unwrap(), error.to_string())
    }

    #[test]
    fn exceptions_become_sentences() {
        let (problem, text) = refusal(
            "/a",
            "org.apache.hadoop.ipc.RetriableException",
            "org.apache.hadoop.hdfs.server.namenode.SafeModeException: Cannot create file/a. Name node is in safe \
             mode.\nIt was turned on manually.\n\tat org.apache",
        );
        assert_eq!(problem, FileProblem::SafeMode);
        assert_eq!(
            text,
            "cannot write /a in hdfs://nn:8020: the NameNode is in safe mode; wait until it has left it, or end it \
             with `hdfs dfsadmin -safemode leave`"
        );
        let cases = [
            (
                "java.io.FileNotFoundException",
                "File does not exist: /a",
                FileProblem::Missing,
            ),
            (
                "org.apache.hadoop.fs.ParentNotDirectoryException",
                "/a is not a directory",
                FileProblem::NotADirectory,
            ),
            (
                "org.apache.hadoop.hdfs.protocol.DSQuotaExceededException",
                "The DiskSpace quota of /a is exceeded: quota = 10 B",
                FileProblem::NoSpace,
            ),
            (
                "java.io.IOException",
                "File /a could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) running",
                FileProblem::NoSpace,
            ),
            (
                "org.apache.hadoop.security.token.SecretManager$InvalidToken",
                "token (token for me) can't be found in cache",
                FileProblem::Login,
            ),
            (
                "org.apache.hadoop.security.AccessControlException",
                "SIMPLE authentication is not enabled.  Available:[TOKEN, KERBEROS]",
                FileProblem::Login,
            ),
            (
                "org.apache.hadoop.ipc.StandbyException",
                "Operation category READ",
                FileProblem::Unreachable,
            ),
            ("java.lang.NullPointerException", "", FileProblem::Other),
        ];
        for (class, message, expected) in cases {
            let (problem, text) = refusal("/a", class, message);
            assert_eq!(problem, expected, "{class}: {text}");
            assert!(
                text.starts_with("cannot write /a in hdfs://nn:8020: "),
                "{text}"
            );
        }
    }

    #[test]
    fn who_may_not_do_what() {
        let class = "org.apache.hadoop.security.AccessControlException";
        let message = |inode: &str| {
            format!(
                "Permission denied: user=alice, access=WRITE, inode=\"{inode}\":root:supergroup:drwxr-xr-x\n\tat x"
            )
        };
        let (problem, text) = refusal("/data/a", class, &message("/data"));
        assert_eq!(problem, FileProblem::Denied);
        assert!(
            text.contains("user alice has no WRITE permission for /data (owner root, drwxr-xr-x)"),
            "{text}"
        );
        for above in ["/", "/user"] {
            let (problem, text) = refusal("/user/alice/MaaS", class, &message(above));
            assert_eq!(problem, FileProblem::NoHome, "{text}");
            let commands =
                "`hdfs dfs -mkdir -p /user/alice` and `hdfs dfs -chown alice /user/alice`";
            assert!(text.contains(commands), "{text}");
        }
        for (path, inode) in [
            ("/user/alice/a", "/user/alice"),
            ("/user/alice2/a", "/user"),
            ("/user/alice/a", "/user/al"),
        ] {
            let (problem, text) = refusal(path, class, &message(inode));
            assert_eq!(problem, FileProblem::Denied, "{path} {inode}: {text}");
        }
        let (problem, text) = refusal("/a", class, "Superuser privilege is required");
        assert_eq!(problem, FileProblem::Denied);
        assert!(text.contains("alice"), "{text}");
    }

    #[test]
    fn servers_that_are_away() {
        let refused = std::io::Error::from(ErrorKind::ConnectionRefused);
        let error = asked("/a").failed(&Failure::Answer(HdfsError::IOError(refused)));
        assert_eq!(error.file_problem(), Some(FileProblem::Unreachable));
        assert!(error.to_string().contains("fs.defaultFS"), "{error}");
        let error = asked("/a").failed(&Failure::TimedOut(Duration::from_secs(30)));
        assert_eq!(error.file_problem(), Some(FileProblem::TimedOut));
        assert!(
            error.to_string().contains("no answer within 30 s"),
            "{error}"
        );
    }

    #[test]
    fn long_words_are_cut() {
        let (_, text) = refusal("/a", "java.io.IOException", &"x".repeat(100_000));
        assert!(text.len() < 1000, "{} bytes", text.len());
    }
}
