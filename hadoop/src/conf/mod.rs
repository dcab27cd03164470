//! Hadoop's configuration files and what this crate needs of them.

mod expand;
mod settings;
mod xml;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

pub(crate) use settings::RESOURCE_MANAGER_PRINCIPAL;
pub use settings::{Authentication, Protection, ResourceManagerPort};

use crate::HadoopError;
use crate::files::read_limited;
use xml::Property;

/// In the order in which they are read: a later one wins.
const FILES: [&str; 3] = ["core-site.xml", "hdfs-site.xml", "yarn-site.xml"];

/// Far more than the largest that is known.
const MAX_FILE_BYTES: u64 = 16 << 20;

/// The properties of a Hadoop configuration directory.
#[derive(Debug, Clone)]
pub struct HadoopConf {
    /// What to name where a property is missing.
    place: PathBuf,
    directory: Option<PathBuf>,
    properties: HashMap<String, Setting>,
}

#[derive(Debug, Clone)]
struct Setting {
    value: String,
    file: PathBuf,
    is_final: bool,
}

impl HadoopConf {
    /// Reads the directory named by `HADOOP_CONF_DIR`, else by `YARN_CONF_DIR`, else `etc/hadoop` below `HADOOP_HOME`.
    ///
    /// # Errors
    /// [`HadoopError::Invalid`] when none of them is set; else as [`Self::read`].
    pub fn from_environment() -> Result<HadoopConf, HadoopError> {
        for variable in ["HADOOP_CONF_DIR", "YARN_CONF_DIR"] {
            if let Some(dir) = std::env::var_os(variable).filter(|dir| !dir.is_empty()) {
                return Self::read(Path::new(&dir));
            }
        }
        if let Some(home) = std::env::var_os("HADOOP_HOME").filter(|home| !home.is_empty()) {
            return Self::read(&Path::new(&home).join("etc/hadoop"));
        }
        Err(HadoopError::Invalid(
            "no Hadoop configuration: set HADOOP_CONF_DIR to the directory with core-site.xml and yarn-site.xml"
                .to_owned(),
        ))
    }

    /// Reads `core-site.xml`, `hdfs-site.xml` and `yarn-site.xml` of a directory, those that are there. A later file
    /// wins over an earlier one, unless that has declared its value final.
    ///
    /// # Errors
    /// [`HadoopError::File`] when there is no such directory or a file cannot be read, [`HadoopError::Configuration`]
    /// when one is not a Hadoop configuration.
    pub fn read(dir: &Path) -> Result<HadoopConf, HadoopError> {
        if !dir.is_dir() {
            return Err(HadoopError::File {
                action: "read the Hadoop configuration in",
                path: dir.to_owned(),
                reason: "there is no such directory; set HADOOP_CONF_DIR".to_owned(),
            });
        }
        let mut conf = HadoopConf {
            place: dir.to_owned(),
            directory: Some(dir.to_owned()),
            properties: HashMap::new(),
        };
        for name in FILES {
            let file = dir.join(name);
            if file
                .try_exists()
                .map_err(HadoopError::file("open", &file))?
            {
                let bytes = read_limited(&file, MAX_FILE_BYTES)?;
                conf.add(&file, xml::properties(&file, &bytes)?);
            }
        }
        Ok(conf)
    }

    /// A configuration of these properties alone, for programs that have none in files.
    pub fn from_properties<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> HadoopConf {
        let mut conf = HadoopConf {
            place: PathBuf::from("given settings"),
            directory: None,
            properties: HashMap::new(),
        };
        for (name, value) in properties {
            conf.set(name, value);
        }
        conf
    }

    /// The directory that it was read from; none when it was not.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// The names of all properties, in no particular order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// Sets a property, over whatever the files say.
    pub fn set(&mut self, name: &str, value: &str) {
        let setting = Setting {
            value: value.to_owned(),
            file: PathBuf::from("given settings"),
            is_final: true,
        };
        self.properties.insert(name.to_owned(), setting);
    }

    fn add(&mut self, file: &Path, properties: Vec<Property>) {
        for property in properties {
            let before = self.properties.get(&property.name);
            if before.is_some_and(|setting| setting.is_final) {
                continue;
            }
            let setting = Setting {
                value: property.value,
                file: file.to_owned(),
                is_final: property.is_final,
            };
            self.properties.insert(property.name, setting);
        }
    }

    /// The value of a property, trimmed, with `${name}` and `${env.NAME}` replaced; none when it is not set or empty.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when replacing goes round in circles, or yields too much.
    pub fn get(&self, name: &str) -> Result<Option<String>, HadoopError> {
        let Some(setting) = self.properties.get(name) else {
            return Ok(None);
        };
        let value = expand::expand(&setting.value, |variable| self.variable(variable))
            .map_err(|reason| self.wrong(name, reason))?;
        let value = value.trim();
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }

    /// As [`Self::get`], with what Hadoop takes where the property is not set.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn get_or(&self, name: &str, default: &str) -> Result<String, HadoopError> {
        Ok(self.get(name)?.unwrap_or_else(|| default.to_owned()))
    }

    /// A number.
    ///
    /// # Errors
    /// [`HadoopError::Configuration`] when it is none; else as [`Self::get`].
    pub fn integer(&self, name: &str, default: i64) -> Result<i64, HadoopError> {
        let Some(value) = self.get(name)? else {
            return Ok(default);
        };
        value
            .parse()
            .map_err(|_| self.wrong(name, format!("{value:?} is not a whole number")))
    }

    /// `true` or `false`; anything else counts as the default, as in Hadoop.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn boolean(&self, name: &str, default: bool) -> Result<bool, HadoopError> {
        Ok(
            match self.get(name)?.unwrap_or_default().to_lowercase().as_str() {
                "true" => true,
                "false" => false,
                _ => default,
            },
        )
    }

    /// The parts of a value with commas.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub fn list(&self, name: &str) -> Result<Vec<String>, HadoopError> {
        let value = self.get(name)?.unwrap_or_default();
        let parts = value.split(',').map(str::trim);
        Ok(parts
            .filter(|part| !part.is_empty())
            .map(str::to_owned)
            .collect())
    }

    /// What stands for `${variable}`.
    fn variable(&self, variable: &str) -> Option<String> {
        if let Some(name) = variable.strip_prefix("env.") {
            return environment(name);
        }
        if let Some(setting) = self.properties.get(variable) {
            return Some(setting.value.clone());
        }
        match variable {
            "user.name" => whoami::username().ok(),
            "user.home" => std::env::var("HOME").ok(),
            _ => None,
        }
    }

    /// An error at a property, with the file that it comes from.
    pub(crate) fn wrong(&self, property: &str, reason: impl Into<String>) -> HadoopError {
        let file = self
            .properties
            .get(property)
            .map_or(&self.place, |setting| &setting.file);
        HadoopError::Configuration {
            file: file.clone(),
            property: property.to_owned(),
            reason: reason.into(),
        }
    }
}

/// `NAME`, `NAME:-default` (also when empty) or `NAME-default` (only when not set).
fn environment(expression: &str) -> Option<String> {
    let (name, default, is_empty_enough) = match expression.find('-') {
        None => (expression, None, false),
        Some(dash) => {
            let (name, default) = (&expression[..dash], &expression[dash + 1..]);
            match name.strip_suffix(':') {
                Some(name) => (name, Some(default), true),
                None => (name, Some(default), false),
            }
        }
    };
    match std::env::var(name) {
        Ok(value) if !(is_empty_enough && value.is_empty()) => Some(value),
        _ => default.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, properties) in files {
            let text = format!("<configuration>{properties}</configuration>");
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn later_files_win_unless_the_earlier_value_is_final() {
        let dir = dir(&[
            (
                "core-site.xml",
                "<property><name>a</name><value>core</value></property>
                 <property><name>b</name><value>core</value><final>true</final></property>
                 <property><name>c</name><value> ${a} and ${b} </value></property>",
            ),
            (
                "yarn-site.xml",
                "<property><name>a</name><value>yarn</value></property>
                 <property><name>b</name><value>yarn</value></property>
                 <property><name>empty</name><value/></property>",
            ),
            ("mapred-site.xml", "<nonsense"),
        ]);
        let conf = HadoopConf::read(dir.path()).unwrap();
        assert_eq!(conf.get("a").unwrap().as_deref(), Some("yarn"));
        assert_eq!(conf.get("b").unwrap().as_deref(), Some("core"));
        assert_eq!(conf.get("c").unwrap().as_deref(), Some("yarn and core"));
        assert_eq!(conf.get("empty").unwrap(), None);
        assert_eq!(conf.get("absent").unwrap(), None);
        assert_eq!(conf.directory(), Some(dir.path()));
        assert_eq!(HadoopConf::from_properties([]).directory(), None);
    }

    #[test]
    fn mistakes_name_the_file_and_the_property() {
        let dir = dir(&[(
            "yarn-site.xml",
            "<property><name>a</name><value>${b}</value></property>
             <property><name>b</name><value>${a}</value></property>
             <property><name>n</name><value>many</value></property>",
        )]);
        let conf = HadoopConf::read(dir.path()).unwrap();
        let error = conf.get("a").unwrap_err().to_string();
        assert!(error.contains("yarn-site.xml: a: "), "{error}");
        let error = conf.integer("n", 1).unwrap_err().to_string();
        assert!(
            error.ends_with("yarn-site.xml: n: \"many\" is not a whole number"),
            "{error}"
        );
        assert_eq!(conf.integer("absent", 7).unwrap(), 7);
        assert!(conf.boolean("n", true).unwrap());

        let missing = HadoopConf::read(&dir.path().join("absent")).unwrap_err();
        assert!(missing.to_string().contains("HADOOP_CONF_DIR"), "{missing}");
    }

    #[test]
    fn environment_variables_have_defaults() {
        let conf = HadoopConf::from_properties([
            ("a", "${env.ALIDADE_SURELY_NOT_SET:-one}"),
            ("b", "${env.ALIDADE_SURELY_NOT_SET-t-wo}"),
            ("c", "${env.ALIDADE_SURELY_NOT_SET}"),
            ("d", "${env.PATH:-none}"),
            ("e", "x, ,y"),
        ]);
        assert_eq!(conf.get("a").unwrap().as_deref(), Some("one"));
        assert_eq!(conf.get("b").unwrap().as_deref(), Some("t-wo"));
        // What is not known stays as it stands, as in Hadoop.
        let unknown = conf.get("c").unwrap();
        assert_eq!(unknown.as_deref(), Some("${env.ALIDADE_SURELY_NOT_SET}"));
        assert_eq!(conf.get("d").unwrap(), std::env::var("PATH").ok());
        assert_eq!(conf.list("e").unwrap(), ["x", "y"]);
    }
}
