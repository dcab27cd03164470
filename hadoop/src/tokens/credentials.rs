use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use prost::Message;

use super::token::{Token, TokenKind};
use super::writable::{Reader, write_bytes, write_vint};
use crate::HadoopError;
use crate::files::read_limited;
use crate::proto::common::{CredentialsKvProto, CredentialsProto};

const MAGIC: &[u8] = b"HDTS";

/// Where YARN tells a container its token file.
const TOKEN_FILE_VARIABLE: &str = "HADOOP_TOKEN_FILE_LOCATION";

/// More than any cluster puts in; keeps a wrong path from filling the memory.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The two forms that Hadoop reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenFileFormat {
    /// Version 0, what Hadoop writes and every version reads.
    Writable,
    /// Version 1, read since Hadoop 3.
    Protobuf,
}

/// Tokens and other secrets under aliases: the content of a token file, and of a launch context's `tokens`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Alias and token, in the order of the file. YARN writes an empty alias for the application master's.
    pub tokens: Vec<(String, Token)>,
    /// Alias and secret.
    pub secrets: Vec<(String, Vec<u8>)>,
}

impl Credentials {
    /// Reads the file named by `HADOOP_TOKEN_FILE_LOCATION`; none when that is not set, which is normal outside of
    /// containers.
    ///
    /// # Errors
    /// As [`Self::read_file`].
    pub fn from_environment() -> Result<Option<Credentials>, HadoopError> {
        let Some(path) = std::env::var_os(TOKEN_FILE_VARIABLE) else {
            return Ok(None);
        };
        Self::read_file(&PathBuf::from(path)).map(Some)
    }

    /// # Errors
    /// [`HadoopError::File`] when it cannot be read or is larger than 16 MiB, [`HadoopError::Tokens`] when it is no
    /// token file.
    pub fn read_file(path: &Path) -> Result<Credentials, HadoopError> {
        let bytes = read_limited(path, MAX_FILE_BYTES)?;
        read(&bytes).map_err(|reason| {
            HadoopError::tokens(&format!("token file {}", path.display()), reason)
        })
    }

    /// Reads the bytes of a token file, of either format.
    ///
    /// # Errors
    /// [`HadoopError::Tokens`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Credentials, HadoopError> {
        read(bytes).map_err(|reason| HadoopError::tokens("the token blob", reason))
    }

    /// The bytes of a token file, also for a launch context.
    pub fn to_bytes(&self, format: TokenFileFormat) -> Vec<u8> {
        let mut out = MAGIC.to_vec();
        match format {
            TokenFileFormat::Writable => {
                out.push(0);
                self.write_writable(&mut out);
            }
            TokenFileFormat::Protobuf => {
                out.push(1);
                out.extend(self.to_proto().encode_length_delimited_to_vec());
            }
        }
        out
    }

    /// Writes a token file that only we may read. A file of that name is replaced as a whole.
    ///
    /// # Errors
    /// [`HadoopError::File`].
    pub fn write_file(&self, path: &Path, format: TokenFileFormat) -> Result<(), HadoopError> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let unfinished = path.with_file_name(name);
        // A left-over of another process with our number might be readable by others.
        let _ = std::fs::remove_file(&unfinished);
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(HadoopError::file("create", &unfinished))?;
        file.write_all(&self.to_bytes(format))
            .and_then(|()| file.sync_all())
            .map_err(HadoopError::file("write", &unfinished))?;
        std::fs::rename(&unfinished, path).map_err(HadoopError::file("write", path))
    }

    /// The first token of a kind. The application master's is to be found in this way: its service is empty.
    pub fn token_of_kind(&self, kind: TokenKind) -> Option<&Token> {
        let mut tokens = self.tokens.iter().map(|(_, token)| token);
        tokens.find(|token| token.is(kind))
    }

    /// What may be handed on to containers: everything but the application master's own token.
    pub fn for_containers(&self) -> Credentials {
        let mut handed_on = self.clone();
        handed_on
            .tokens
            .retain(|(_, token)| !token.is(TokenKind::AmRm));
        handed_on
    }

    /// Adds a token, in place of one with the same alias. Hadoop's alias of a token is its service.
    pub fn insert(&mut self, alias: &str, token: Token) {
        self.tokens.retain(|(other, _)| other != alias);
        self.tokens.push((alias.to_owned(), token));
    }

    fn write_writable(&self, out: &mut Vec<u8>) {
        write_count(self.tokens.len(), out);
        for (alias, token) in &self.tokens {
            write_bytes(alias.as_bytes(), out);
            token.write(out);
        }
        write_count(self.secrets.len(), out);
        for (alias, secret) in &self.secrets {
            write_bytes(alias.as_bytes(), out);
            write_bytes(secret, out);
        }
    }

    fn to_proto(&self) -> CredentialsProto {
        let tokens = self.tokens.iter().map(|(alias, token)| CredentialsKvProto {
            alias: alias.clone(),
            token: Some(token.clone().into()),
            secret: None,
        });
        let secrets = self
            .secrets
            .iter()
            .map(|(alias, secret)| CredentialsKvProto {
                alias: alias.clone(),
                token: None,
                secret: Some(secret.clone()),
            });
        CredentialsProto {
            tokens: tokens.collect(),
            secrets: secrets.collect(),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets: Vec<&str> = self
            .secrets
            .iter()
            .map(|(alias, _)| alias.as_str())
            .collect();
        formatter
            .debug_struct("Credentials")
            .field("tokens", &self.tokens)
            .field("secrets", &secrets)
            .finish()
    }
}

fn write_count(count: usize, out: &mut Vec<u8>) {
    write_vint(i64::try_from(count).unwrap_or(i64::MAX), out);
}

fn read(bytes: &[u8]) -> Result<Credentials, String> {
    let mut reader = Reader::new(bytes);
    if reader.take(MAGIC.len()).ok() != Some(MAGIC) {
        return Err("it does not begin with HDTS, as token files do".to_owned());
    }
    let credentials = match reader.byte()? {
        0 => read_writable(&mut reader)?,
        1 => read_proto(&mut reader)?,
        version => return Err(format!("version {version} is not known, only 0 and 1 are")),
    };
    if !reader.is_empty() {
        return Err("more bytes follow the last secret".to_owned());
    }
    Ok(credentials)
}

fn read_writable(reader: &mut Reader<'_>) -> Result<Credentials, String> {
    let mut credentials = Credentials::default();
    // Each takes some bytes, so that a hostile count ends with them.
    for _ in 0..reader.length()? {
        let alias = reader.text()?;
        credentials.tokens.push((alias, Token::read(reader)?));
    }
    for _ in 0..reader.length()? {
        let alias = reader.text()?;
        credentials.secrets.push((alias, reader.bytes()?.to_vec()));
    }
    Ok(credentials)
}

fn read_proto(reader: &mut Reader<'_>) -> Result<Credentials, String> {
    let mut rest = reader.rest();
    let proto =
        CredentialsProto::decode_length_delimited(&mut rest).map_err(|error| error.to_string())?;
    reader.set_rest(rest);
    let mut credentials = Credentials::default();
    for entry in proto.tokens {
        let token = entry.token;
        let token = token.ok_or_else(|| format!("nothing is under the alias {:?}", entry.alias))?;
        credentials.tokens.push((entry.alias, token.into()));
    }
    for entry in proto.secrets {
        credentials
            .secrets
            .push((entry.alias, entry.secret.unwrap_or_default()));
    }
    Ok(credentials)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::*;

    /// What a resource manager wrote for an application master.
    const AM_FILE: &[u8] = include_bytes!("../../tests/data/container_tokens");

    #[test]
    fn reads_what_a_resource_manager_wrote() {
        let credentials = Credentials::from_bytes(AM_FILE).unwrap();
        assert_eq!(credentials.tokens.len(), 1);
        assert_eq!(credentials.secrets, []);
        let (alias, token) = &credentials.tokens[0];
        assert_eq!((alias.as_str(), token.service.as_str()), ("", ""));
        assert_eq!(credentials.token_of_kind(TokenKind::AmRm), Some(token));
        assert_eq!(credentials.token_of_kind(TokenKind::Hdfs), None);
        assert_eq!((token.identifier.len(), token.password.len()), (26, 20));
        assert_eq!(credentials.to_bytes(TokenFileFormat::Writable), AM_FILE);
        assert_eq!(credentials.for_containers(), Credentials::default());
    }

    #[test]
    fn other_bytes_are_refused_with_the_reason() {
        let cases: [(&[u8], &str); 7] = [
            (b"", "does not begin with HDTS"),
            (b"HDT", "does not begin with HDTS"),
            (b"HDTS", "1 bytes should follow where only 0 are left"),
            (b"HDTS\x02", "version 2 is not known"),
            (b"HDTS\x00\x00\x00\x00", "more bytes follow"),
            (&AM_FILE[..70], "should follow"),
            // Two thousand million tokens.
            (b"HDTS\x00\x8c\x7f\xff\xff\xff", "should follow"),
        ];
        for (bytes, reason) in cases {
            let error = Credentials::from_bytes(bytes).unwrap_err().to_string();
            assert!(error.contains(reason), "{bytes:?}: {error}");
        }
    }

    #[test]
    fn a_file_is_ours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tokens");
        let credentials = Credentials::from_bytes(AM_FILE).unwrap();
        for format in [TokenFileFormat::Writable, TokenFileFormat::Protobuf] {
            credentials.write_file(&path, format).unwrap();
            assert_eq!(Credentials::read_file(&path).unwrap(), credentials);
        }
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);

        std::fs::write(&path, "nonsense").unwrap();
        let error = Credentials::read_file(&path).unwrap_err().to_string();
        assert!(error.contains("tokens cannot be read"), "{error}");
    }

    #[test]
    fn an_alias_holds_one_token() {
        let mut credentials = Credentials::from_bytes(AM_FILE).unwrap();
        let mut token = credentials.tokens[0].1.clone();
        token.kind = TokenKind::Hdfs.text().into();
        credentials.insert("nn:8020", token.clone());
        token.password = vec![1];
        credentials.insert("nn:8020", token.clone());
        assert_eq!(credentials.tokens.len(), 2);
        assert_eq!(credentials.token_of_kind(TokenKind::Hdfs), Some(&token));
        assert_eq!(
            credentials.for_containers().tokens,
            [("nn:8020".into(), token)]
        );
    }

    fn any_token() -> impl Strategy<Value = Token> {
        let parts = (
            any::<Vec<u8>>(),
            any::<Vec<u8>>(),
            any::<String>(),
            any::<String>(),
        );
        parts.prop_map(|(identifier, password, kind, service)| Token {
            identifier,
            password,
            kind,
            service,
        })
    }

    proptest! {
        #[test]
        fn both_formats_read_back(
            tokens in proptest::collection::vec((any::<String>(), any_token()), 0..4),
            secrets in proptest::collection::vec((any::<String>(), any::<Vec<u8>>()), 0..4),
        ) {
            let credentials = Credentials { tokens, secrets };
            for format in [TokenFileFormat::Writable, TokenFileFormat::Protobuf] {
                let bytes = credentials.to_bytes(format);
                prop_assert_eq!(&Credentials::from_bytes(&bytes).unwrap(), &credentials);
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(version in 0_u8..3, bytes: Vec<u8>) {
            let file = [MAGIC, &[version], &bytes].concat();
            if let Ok(credentials) = Credentials::from_bytes(&file) {
                let again = credentials.to_bytes(TokenFileFormat::Writable);
                prop_assert_eq!(Credentials::from_bytes(&again).unwrap(), credentials);
            }
        }
    }
}
