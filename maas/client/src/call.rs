//! One call, and the request it becomes.

use std::sync::Arc;

use alidade_event::{Map, Str};

use crate::answer_cache::Key;
use crate::call_key::{sorted_arguments, text_of};
use crate::endpoints::ModelVersion;

/// A URL longer than this is not sent: no server takes it.
const LONGEST_URL: usize = 64 * 1024;

/// A call that has been noted down.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) key: Key,
    /// The registered model it is addressed to; nothing for a map made by hand.
    pub(crate) model: Option<Arc<ModelVersion>>,
    /// The instance that was drawn.
    pub(crate) url: Str,
    /// `/path?query`, encoded.
    pub(crate) target: String,
    /// How it can be made together with others, if the model can do that.
    pub(crate) together: Option<Together>,
    /// The same question to other versions, whose answers are only compared with the answer to this one. They have no
    /// shadows themselves, and their keys mean nothing.
    pub(crate) shadows: Vec<Call>,
}

/// A call as a member of a batch.
#[derive(Debug, Clone)]
pub(crate) struct Together {
    /// The path for batches, with one slash before it.
    pub(crate) target: String,
    /// The arguments as a JSON object.
    pub(crate) arguments: String,
}

impl Call {
    /// The model's name for logs and metrics. Names that events could make up are not told apart.
    pub(crate) fn model_name(&self) -> &str {
        self.model
            .as_ref()
            .map_or("unregistered", |model| &model.name)
    }

    /// The model's name and version as labels of metrics. Versions that events could make up have no label.
    pub(crate) fn labels(&self) -> (String, String) {
        let version = self.model.as_ref().map(|model| model.version.to_string());
        (self.model_name().to_owned(), version.unwrap_or_default())
    }

    /// The memory that it takes, in bytes, roughly.
    pub(crate) fn bytes(&self) -> usize {
        let together = self.together.as_ref();
        let together = together.map_or(0, |it| it.target.len() + it.arguments.len());
        self.target.len() + together + 300
    }
}

/// The URL of a request at an instance; nothing when that is no URL one could ask.
pub(crate) fn url_at(instance_url: &str, target: &str) -> Option<reqwest::Url> {
    let base = instance_url.strip_suffix('/').unwrap_or(instance_url);
    let text = format!("{base}{target}");
    if text.len() > LONGEST_URL {
        return None;
    }
    let url = reqwest::Url::parse(&text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// The part of a request after the instance's URL: one slash, the path without its leading slashes, and the arguments as a
/// form, sorted by name. The question mark is there even without arguments.
pub(crate) fn request_target(path: &str, arguments: Option<&Map>) -> String {
    let mut target = format!("/{}?", path.trim_start_matches('/'));
    let Some(arguments) = arguments else {
        return target;
    };
    for (at, (name, value)) in sorted_arguments(arguments).into_iter().enumerate() {
        if at > 0 {
            target.push('&');
        }
        push_encoded(&mut target, &name);
        // A null value leaves the bare name.
        if !value.is_null() {
            target.push('=');
            push_encoded(&mut target, &text_of(value));
        }
    }
    target
}

/// Form encoding as Java does it: letters, digits and `* - _ .` stay, a blank becomes `+`, the rest `%XX` of UTF-8.
fn push_encoded(out: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'_' | b'.' => {
                out.push(char::from(byte));
            }
            b' ' => out.push('+'),
            other => {
                out.push('%');
                out.push(char::from(HEX[usize::from(other >> 4)]));
                out.push(char::from(HEX[usize::from(other & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use alidade_event::Value;

    use super::*;

    fn joined(url: &str, target: String) -> Option<String> {
        url_at(url, &target).map(String::from)
    }

    #[test]
    fn arguments_are_encoded_as_a_form() {
        let map: Map = [
            (Value::str("q"), Value::str("a b*c-d_e.f~'é")),
            (Value::str("n"), Value::Null),
            (Value::str("e"), Value::str("")),
            (Value::Int(5), Value::Double(1.0)),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            request_target("apply", Some(&map)),
            "/apply?5=1.0&e=&n&q=a+b*c-d_e.f%7E%27%C3%A9"
        );
        assert_eq!(request_target("//echo", None), "/echo?");
    }

    #[test]
    fn the_url_is_joined_with_one_slash() {
        let joined = |url, path| self::tests::joined(url, request_target(path, None));
        assert_eq!(
            joined("http://h:1/p/", "/echo").unwrap(),
            "http://h:1/p/echo?"
        );
        assert_eq!(
            joined("http://h:1", "echo?x=1").unwrap(),
            "http://h:1/echo?x=1?"
        );
        assert_eq!(joined("file:///etc", "passwd"), None);
        assert_eq!(joined("nonsense", "apply"), None);
        let long = "x".repeat(LONGEST_URL);
        assert_eq!(joined("http://h:1", &long), None);
    }
}
