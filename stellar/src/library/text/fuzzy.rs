use crate::library::prelude::*;

pub(super) const FUZZY_SCORE: Function = Function::new(
    "FUZZY_SCORE",
    "How well a query matches a term: a point for each character found in order, two more when it follows the previous one.",
    &[
        required("term", "The text that is searched.").null_gives("0"),
        required("query", "The characters that are looked for, in order.").null_gives("0"),
        required("language", "An IETF language tag such as `en`.").null_gives("0"),
    ],
    "the score; 0 when term or query is not text or empty",
    fuzzy_score,
)
.gives(Types::INTEGER)
.examples(&[
    ("FUZZY_SCORE('Metron', 'met', 'en')", "7"),
    ("FUZZY_SCORE('ROOM', 'o', 'en')", "1"),
    ("FUZZY_SCORE(null, 'm', 'en')", "0"),
]);

pub(super) const FUZZY_LANGS: Function = Function::new(
    "FUZZY_LANGS",
    "The language tags that FUZZY_SCORE takes.",
    &[],
    "the list",
    |_| {
        Ok(Value::list(
            LANGUAGES.iter().copied().map(Value::str).collect(),
        ))
    },
)
.gives(Types::LIST)
.examples(&[("'en' in FUZZY_LANGS()", "true")]);

/// Languages of ISO 639-1, and the most used of them with a country. Scoring depends on the language only in the way that
/// it changes to lower case, which differs for Turkish, Azerbaijani and Lithuanian alone.
const LANGUAGES: &[&str] = &[
    "af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "de-AT", "de-CH",
    "de-DE", "el", "en", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ", "en-US", "en-ZA",
    "es", "es-ES", "es-MX", "es-US", "et", "eu", "fa", "fi", "fil", "fr", "fr-BE", "fr-CA",
    "fr-CH", "fr-FR", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "it-CH",
    "it-IT", "ja", "ja-JP", "ka", "kk", "km", "kn", "ko", "ko-KR", "ky", "lo", "lt", "lv", "mk",
    "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl", "nl-BE", "nl-NL", "nn", "no", "pa", "pl",
    "pt", "pt-BR", "pt-PT", "ro", "ru", "ru-RU", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta",
    "te", "th", "tr", "uk", "ur", "uz", "vi", "zh", "zh-CN", "zh-HK", "zh-TW", "zu",
];

fn fuzzy_score(call: &mut Call) -> Outcome {
    let (Value::Str(term), Value::Str(query)) = (call.get(0), call.get(1)) else {
        return Ok(Value::Int(0));
    };
    let Value::Str(language) = call.get(2) else {
        return Ok(Value::Int(0));
    };
    if !LANGUAGES.contains(&language.as_str()) {
        return call.fail(format_args!(
            "unknown language `{}`",
            language.escape_debug()
        ));
    }
    if term.is_empty() || query.is_empty() {
        return Ok(Value::Int(0));
    }
    let term: Vec<char> = term.to_lowercase().chars().collect();
    let (mut score, mut next, mut previous) = (0, 0, None);
    for wanted in query.to_lowercase().chars() {
        let rest = term.get(next..).unwrap_or_default();
        let Some(found) = rest.iter().position(|c| *c == wanted) else {
            break;
        };
        let at = next + found;
        score += 1;
        if previous.is_some_and(|previous: usize| previous + 1 == at) {
            score += 2;
        }
        previous = Some(at);
        next = at + 1;
    }
    Ok(Value::Int(score))
}
