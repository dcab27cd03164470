use alidade_event::{Map, NumberStyle, Value, read_value};
use alidade_stellar::conversion::text;
use reqwest::Url;

use super::settings::Settings;

/// One request, ready to be sent.
#[derive(Debug)]
pub(super) struct Request {
    pub url: Url,
    /// The body of a POST; nothing for a GET.
    pub body: Option<String>,
    pub settings: Settings,
}

/// Longest URL, in bytes.
const MAX_URL: usize = 64 << 10;

impl Request {
    /// Reads the arguments of a call: `REST_GET(url, config?, query?)`, `REST_POST(url, data, config?, query?)`.
    ///
    /// # Errors
    /// When the URL, the settings or the data cannot be used: a fault of the expression, not of the service.
    pub(super) fn read(function: &str, arguments: &[Value]) -> Result<Request, String> {
        let is_post = function == "REST_POST";
        let Some(Value::Str(address)) = arguments.first() else {
            return Err("the URL must be text".to_owned());
        };
        let (data, rest) = match (is_post, arguments.get(1..).unwrap_or_default()) {
            (true, [data, rest @ ..]) => (Some(data), rest),
            (true, []) => (Some(&Value::Null), &[][..]),
            (false, rest) => (None, rest),
        };
        let settings = Settings::read(map_of(rest.first(), "the settings")?)?;
        let query = map_of(rest.get(1), "the query")?;
        let url = url(address, query)?;
        let body = data
            .map(|data| body(data, settings.enforce_json))
            .transpose()?;
        Ok(Request {
            url,
            body,
            settings,
        })
    }
}

fn map_of<'v>(value: Option<&'v Value>, what: &str) -> Result<Option<&'v Map>, String> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Map(map)) => Ok(Some(map)),
        Some(_) => Err(format!("{what} must be a map")),
    }
}

fn url(address: &str, query: Option<&Map>) -> Result<Url, String> {
    let mut url = Url::parse(address.trim()).map_err(|error| format!("not a URL: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "`{}:` is not supported; use http or https",
            url.scheme()
        ));
    }
    if let Some(query) = query.filter(|query| !query.is_empty()) {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in query.iter() {
            let (Value::Str(name), Value::Str(value)) = (name, value) else {
                return Err("the names and values of the query must be text".to_owned());
            };
            pairs.append_pair(name, value);
        }
    }
    if url.as_str().len() > MAX_URL {
        return Err(format!("the URL has more than {MAX_URL} bytes"));
    }
    Ok(url)
}

/// A map as JSON; text as it is, though it must hold a JSON object when that is enforced; null is an empty body.
fn body(data: &Value, enforce_json: bool) -> Result<String, String> {
    match data {
        Value::Null => Ok(String::new()),
        Value::Map(_) => Ok(data.to_json()),
        other => {
            let text = text(other).map_err(|error| error.to_string())?;
            let is_object = || {
                matches!(
                    read_value(text.as_bytes(), NumberStyle::Jackson),
                    Ok(Value::Map(_))
                )
            };
            if enforce_json && !is_object() {
                return Err("the data must be a map, or the text of a JSON object; `enforce.json` set to false lifts this".to_owned());
            }
            Ok(text.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        read_value(json.as_bytes(), NumberStyle::Jackson).unwrap()
    }

    #[test]
    fn the_query_joins_the_url() {
        let arguments = [
            Value::str("http://h/a?x=1"),
            Value::Null,
            value(r#"{"q": "a b&c"}"#),
        ];
        let request = Request::read("REST_GET", &arguments).unwrap();
        assert_eq!(request.url.as_str(), "http://h/a?x=1&q=a+b%26c");
        assert_eq!(request.body, None);
    }

    #[test]
    fn data_is_an_object_unless_that_is_not_enforced() {
        let post = |data: Value, settings: Value| {
            Request::read("REST_POST", &[Value::str("http://h/"), data, settings])
                .map(|request| request.body)
        };
        assert_eq!(
            post(value(r#"{"a":1}"#), Value::Null),
            Ok(Some(r#"{"a":1}"#.to_owned()))
        );
        assert_eq!(
            post(Value::str(r#"{"a":1}"#), Value::Null),
            Ok(Some(r#"{"a":1}"#.to_owned()))
        );
        assert_eq!(post(Value::Null, Value::Null), Ok(Some(String::new())));
        assert!(post(Value::str("plain"), Value::Null).is_err());
        let lifted = value(r#"{"enforce.json": false}"#);
        assert_eq!(
            post(Value::str("plain"), lifted),
            Ok(Some("plain".to_owned()))
        );
    }

    #[test]
    fn what_cannot_be_asked_is_refused() {
        for address in ["", "no url", "file:///etc/passwd", "ftp://h/"] {
            assert!(
                Request::read("REST_GET", &[Value::str(address)]).is_err(),
                "{address}"
            );
        }
        assert!(Request::read("REST_GET", &[Value::Null]).is_err());
        assert!(Request::read("REST_GET", &[Value::str("http://h"), Value::Int(1)]).is_err());
    }
}
