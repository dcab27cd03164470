use std::cell::RefCell;

use alidade_event::{FieldName, Str, Value};
use smol_str::{SmolStr, ToSmolStr};

/// The timing fields that every event gets, in both stages.
pub(crate) const SPLITTER_BEGIN: FieldName =
    SmolStr::new_static("parallelenricher.splitter.begin.ts");
pub(crate) const SPLITTER_END: FieldName = SmolStr::new_static("parallelenricher.splitter.end.ts");
pub(crate) const ENRICH_BEGIN: FieldName = SmolStr::new_static("parallelenricher.enrich.begin.ts");
pub(crate) const ENRICH_END: FieldName = SmolStr::new_static("parallelenricher.enrich.end.ts");

thread_local! {
    /// The time that was last asked for, and its text: the same for all events of a batch.
    static LAST: RefCell<(i64, Str)> = const { RefCell::new((0, Str::new_static("0"))) };
}

/// Epoch milliseconds as the text that upstream puts into timing fields.
pub(crate) fn stamp(now_ms: i64) -> Value {
    LAST.with_borrow_mut(|(last, text)| {
        if *last != now_ms {
            *last = now_ms;
            *text = now_ms.to_smolstr();
        }
        Value::Str(text.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_follows_the_clock() {
        assert_eq!(stamp(1571163620277), Value::str("1571163620277"));
        assert_eq!(stamp(1571163620277), Value::str("1571163620277"));
        assert_eq!(stamp(-1), Value::str("-1"));
        assert_eq!(stamp(0), Value::str("0"));
    }
}
