use std::time::Duration;

use alidade_event::{Map, Value};
use alidade_stellar::conversion::{to_bool, to_double};

/// The settings of one request, as upstream names them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// For the whole exchange.
    pub timeout: Duration,
    pub connect_timeout: Duration,
    /// Between two pieces of the answer; nothing stands for no bound besides `timeout`.
    pub socket_timeout: Option<Duration>,
    pub user: Option<Credentials>,
    pub proxy: Option<Proxy>,
    pub allowed_statuses: Vec<u16>,
    pub empty_content: Value,
    /// What a call yields that fails.
    pub error_value: Value,
    pub verify_content_length: bool,
    pub enforce_json: bool,
}

/// A user, and the file with the password.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Credentials {
    pub user: String,
    pub password_path: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Proxy {
    pub host: String,
    pub port: u16,
    pub user: Option<Credentials>,
}

/// Upstream's bound for the whole exchange.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The longest bound that is granted: a batch waits for its slowest request.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(60);

impl Settings {
    /// Reads the settings of a call.
    ///
    /// # Errors
    /// With the name of a setting that has no sensible value.
    pub(super) fn read(map: Option<&Map>) -> Result<Settings, String> {
        let given = Given(map);
        let timeout = given
            .duration("timeout")?
            .unwrap_or(TIMEOUT)
            .min(LONGEST_TIMEOUT);
        let proxy_user =
            given.credentials("proxy.basic.auth.user", "proxy.basic.auth.password.path");
        Ok(Settings {
            timeout,
            connect_timeout: given.duration("connect.timeout")?.unwrap_or(timeout),
            socket_timeout: given.duration("socket.timeout")?,
            user: given.credentials("basic.auth.user", "basic.auth.password.path"),
            proxy: match (given.text("proxy.host"), given.number("proxy.port")?) {
                (Some(host), Some(port)) => Some(Proxy {
                    host,
                    port: u16::try_from(port)
                        .map_err(|_| format!("`proxy.port` is no port: {port}"))?,
                    user: proxy_user,
                }),
                _ => None,
            },
            allowed_statuses: given.statuses("response.codes.allowed")?,
            empty_content: given
                .value("empty.content.override")
                .cloned()
                .unwrap_or_default(),
            error_value: given
                .value("error.value.override")
                .cloned()
                .unwrap_or_default(),
            verify_content_length: given.truth("verify.content.length", false),
            enforce_json: given.truth("enforce.json", true),
        })
    }
}

struct Given<'m>(Option<&'m Map>);

impl<'m> Given<'m> {
    fn value(&self, key: &str) -> Option<&'m Value> {
        self.0?.get_str(key).filter(|value| !value.is_null())
    }

    fn text(&self, key: &str) -> Option<String> {
        let text = self.value(key)?.as_str()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn number(&self, key: &str) -> Result<Option<i64>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let number = whole(value).ok_or_else(|| format!("`{key}` must be a number"))?;
        Ok(Some(number))
    }

    /// Milliseconds. Zero and less mean no bound, as they do upstream.
    fn duration(&self, key: &str) -> Result<Option<Duration>, String> {
        let number = self
            .number(key)?
            .and_then(|number| u64::try_from(number).ok());
        Ok(number
            .filter(|number| *number > 0)
            .map(Duration::from_millis))
    }

    fn truth(&self, key: &str, default: bool) -> bool {
        self.value(key).and_then(to_bool).unwrap_or(default)
    }

    fn credentials(&self, user: &str, password_path: &str) -> Option<Credentials> {
        Some(Credentials {
            user: self.text(user)?,
            password_path: self.text(password_path)?,
        })
    }

    fn statuses(&self, key: &str) -> Result<Vec<u16>, String> {
        let Some(value) = self.value(key) else {
            return Ok(vec![200]);
        };
        let Value::List(members) = value else {
            return Err(format!("`{key}` must be a list of numbers"));
        };
        let status = |member: &Value| whole(member).and_then(|number| u16::try_from(number).ok());
        let statuses: Option<Vec<u16>> = members.iter().map(status).collect();
        statuses.ok_or_else(|| format!("`{key}` must be a list of numbers"))
    }
}

/// A number, also as text; a fraction is cut off.
fn whole(value: &Value) -> Option<i64> {
    let number = to_double(value).filter(|number| number.is_finite())?;
    Some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(json: &str) -> Map {
        match alidade_event::read_value(json.as_bytes(), alidade_event::NumberStyle::Jackson)
            .unwrap()
        {
            Value::Map(map) => (*map).clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_defaults_are_upstreams() {
        let settings = Settings::read(None).unwrap();
        assert_eq!(settings.timeout, Duration::from_secs(1));
        assert_eq!(settings.allowed_statuses, [200]);
        assert_eq!(settings.error_value, Value::Null);
        assert!(settings.enforce_json && !settings.verify_content_length);
    }

    #[test]
    fn what_is_given_counts() {
        let given = map(
            r#"{"timeout": 250, "response.codes.allowed": [200, 404], "error.value.override": "down",
                "proxy.host": "proxy", "proxy.port": "3128", "basic.auth.user": "u", "basic.auth.password.path": "/p",
                "enforce.json": false, "timeout.unknown": 1}"#,
        );
        let settings = Settings::read(Some(&given)).unwrap();
        assert_eq!(settings.timeout, Duration::from_millis(250));
        assert_eq!(settings.allowed_statuses, [200, 404]);
        assert_eq!(settings.error_value, Value::str("down"));
        assert_eq!(settings.proxy.map(|proxy| proxy.port), Some(3128));
        assert_eq!(
            settings.user.map(|user| user.password_path).as_deref(),
            Some("/p")
        );
        assert!(!settings.enforce_json);
        let endless = Settings::read(Some(&map(r#"{"timeout": 99999999}"#))).unwrap();
        assert_eq!(endless.timeout, LONGEST_TIMEOUT);
    }

    #[test]
    fn nonsense_is_named() {
        for (json, key) in [
            (r#"{"timeout": "soon"}"#, "timeout"),
            (
                r#"{"response.codes.allowed": 200}"#,
                "response.codes.allowed",
            ),
            (r#"{"proxy.host": "p", "proxy.port": 99999}"#, "proxy.port"),
        ] {
            let why = Settings::read(Some(&map(json))).unwrap_err();
            assert!(why.contains(key), "{why}");
        }
    }
}
