use alidade_event::FieldName;

/// The fields that a parser gives to its events, as far as that can be said before there is a message. For checks of what
/// expressions read.
#[derive(Debug, Clone, Default)]
pub struct GivenFields {
    /// A message need not have all of them.
    pub names: Vec<FieldName>,
    /// There are no others.
    pub is_complete: bool,
}

impl GivenFields {
    /// All the fields that there are, besides those that every event has.
    pub(crate) fn all(names: impl IntoIterator<Item = FieldName>) -> Self {
        GivenFields {
            names: names.into_iter().collect(),
            is_complete: true,
        }
    }
}
