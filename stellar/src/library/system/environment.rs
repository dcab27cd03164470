use crate::library::prelude::*;

const NAME: Parameter = optional("name", "The name.").null_gives("null");

pub(super) const SYSTEM_ENV_GET: Function = Function::new(
    "SYSTEM_ENV_GET",
    "The value of an environment variable of the process.",
    &[NAME],
    "the text; null when there is none",
    |call| {
        let value = call
            .get(0)
            .as_str()
            .filter(|name| is_name(name))
            .and_then(|name| {
                // Secrets reach the process this way; an expression must not carry them into events.
                (!is_secret(name))
                    .then(|| std::env::var(name).ok())
                    .flatten()
            });
        Ok(value.map_or(Value::Null, Value::from))
    },
)
.gives(Types::TEXT.or(Types::NULL))
.varying()
.examples(&[
    ("SYSTEM_ENV_GET('NO_SUCH_VARIABLE')", "null"),
    ("SYSTEM_ENV_GET(5)", "null"),
]);

pub(super) const SYSTEM_PROPERTY_GET: Function = Function::new(
    "SYSTEM_PROPERTY_GET",
    "A property of the system under its name in Java.",
    &[NAME],
    "the text; null when there is none",
    |call| {
        Ok(call
            .get(0)
            .as_str()
            .and_then(property)
            .map_or(Value::Null, Value::from))
    },
)
.gives(Types::TEXT.or(Types::NULL))
.varying()
.examples(&[
    ("SYSTEM_PROPERTY_GET('file.separator')", "\"\\/\""),
    ("SYSTEM_PROPERTY_GET('no.such.property')", "null"),
]);

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    ["PASS", "SECRET", "TOKEN", "KEY", "CREDENTIAL"]
        .iter()
        .any(|part| name.contains(part))
}

fn property(name: &str) -> Option<String> {
    let fixed = |text: &str| Some(text.to_owned());
    match name {
        "file.separator" => fixed("/"),
        "path.separator" => fixed(":"),
        "line.separator" => fixed("\n"),
        "file.encoding" => fixed("UTF-8"),
        "user.timezone" => fixed("UTC"),
        "os.name" => fixed(std::env::consts::OS),
        "os.arch" => fixed(std::env::consts::ARCH),
        "user.name" => std::env::var("USER").ok(),
        "user.home" => std::env::var("HOME").ok(),
        "user.dir" => std::env::current_dir()
            .ok()
            .map(|path| path.display().to_string()),
        "java.io.tmpdir" => fixed(&std::env::temp_dir().display().to_string()),
        _ => None,
    }
}
