//! Tool calls put together from pieces: several at once, told apart by index, or by id where a provider counts wrong.

use super::chunk::CallDelta;

/// More calls than these at once are no plan any more.
const MOST_CALLS: usize = 16;
/// All arguments of one reply.
const MOST_BYTES: usize = 64 * 1024;

/// A call as the model wants it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct AskedCall {
    /// The provider's id of it.
    pub(super) id: String,
    pub(super) tool: String,
    /// JSON, if the model kept to it.
    pub(super) arguments: String,
}

/// The calls of one reply.
#[derive(Debug, Default)]
pub(super) struct Calls {
    asked: Vec<(Option<u32>, AskedCall)>,
    bytes: usize,
}

/// A reply wants more than any plan needs.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMuch;

impl Calls {
    pub(super) fn is_empty(&self) -> bool {
        self.asked.is_empty()
    }

    /// Adds a piece to the call it belongs to.
    pub(super) fn add(&mut self, delta: CallDelta) -> Result<(), TooMuch> {
        let function = delta.function.unwrap_or_default();
        let id = delta.id.filter(|id| !id.is_empty());
        let name = function.name.filter(|name| !name.is_empty());
        let at = match self.place(delta.index, id.as_deref(), name.is_some()) {
            Some(at) => at,
            None if self.asked.len() == MOST_CALLS => return Err(TooMuch),
            None => {
                self.asked.push((delta.index, AskedCall::default()));
                self.asked.len() - 1
            }
        };
        let Some((_, call)) = self.asked.get_mut(at) else { return Ok(()) };
        if let Some(id) = id {
            call.id = id;
        }
        // Some providers repeat the name with every piece, others send it piece by piece.
        if let Some(name) = name.filter(|name| *name != call.tool) {
            self.bytes += name.len();
            call.tool.push_str(&name);
        }
        if let Some(arguments) = function.arguments {
            self.bytes += arguments.len();
            call.arguments.push_str(&arguments);
        }
        if self.bytes > MOST_BYTES { Err(TooMuch) } else { Ok(()) }
    }

    /// Where the call stands that a piece belongs to; `None` when it begins one.
    fn place(&self, index: Option<u32>, id: Option<&str>, named: bool) -> Option<usize> {
        let same = |call: &AskedCall| id.is_none_or(|id| call.id.is_empty() || call.id == id);
        match (index, id) {
            (Some(_), _) => self.asked.iter().rposition(|(known, call)| *known == index && same(call)),
            (None, Some(id)) => self.asked.iter().rposition(|(_, call)| call.id == id),
            (None, None) => {
                let last = self.asked.len().checked_sub(1)?;
                let begun = self.asked.get(last).is_some_and(|(_, call)| !call.tool.is_empty());
                (!(named && begun)).then_some(last)
            }
        }
    }

    /// The calls in the order in which they began; one without an id gets its number.
    pub(super) fn into_asked(self) -> Vec<AskedCall> {
        let numbered = |(n, (_, mut call)): (usize, (Option<u32>, AskedCall))| {
            if call.id.is_empty() {
                call.id = format!("call_{n}");
            }
            call
        };
        self.asked.into_iter().enumerate().map(numbered).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{AskedCall, Calls, MOST_CALLS, TooMuch};
    use rstest::rstest;

    fn put_together(pieces: &[&str]) -> Result<Vec<AskedCall>, TooMuch> {
        let mut calls = Calls::default();
        for piece in pieces {
            calls.add(serde_json::from_str(piece).unwrap())?;
        }
        Ok(calls.into_asked())
    }

    fn call(id: &str, tool: &str, arguments: &str) -> AskedCall {
        AskedCall { id: id.to_owned(), tool: tool.to_owned(), arguments: arguments.to_owned() }
    }

    #[rstest]
    #[case::in_pieces(
        &[
            r#"{"index":0,"id":"a","type":"function","function":{"name":"cost_analyzer","arguments":""}}"#,
            r#"{"index":0,"function":{"arguments":"{\"days\""}}"#,
            r#"{"index":0,"function":{"arguments":":30}"}}"#,
        ],
        &[("a", "cost_analyzer", r#"{"days":30}"#)]
    )]
    #[case::interleaved(
        &[
            r#"{"index":0,"id":"a","function":{"name":"x","arguments":"{"}}"#,
            r#"{"index":1,"id":"b","function":{"name":"y","arguments":"["}}"#,
            r#"{"index":0,"function":{"arguments":"}"}}"#,
            r#"{"index":1,"function":{"arguments":"]"}}"#,
        ],
        &[("a", "x", "{}"), ("b", "y", "[]")]
    )]
    #[case::one_index_for_all_whole_calls(
        &[
            r#"{"index":0,"id":"a","function":{"name":"x","arguments":"{}"}}"#,
            r#"{"index":0,"id":"b","function":{"name":"x","arguments":"{}"}}"#,
        ],
        &[("a", "x", "{}"), ("b", "x", "{}")]
    )]
    #[case::neither_index_nor_id(
        &[
            r#"{"function":{"name":"x","arguments":"{"}}"#,
            r#"{"function":{"arguments":"}"}}"#,
            r#"{"function":{"name":"y","arguments":"{}"}}"#,
        ],
        &[("call_0", "x", "{}"), ("call_1", "y", "{}")]
    )]
    #[case::a_name_repeated(
        &[
            r#"{"index":0,"id":"a","function":{"name":"x","arguments":"{"}}"#,
            r#"{"index":0,"id":"a","function":{"name":"x","arguments":"}"}}"#,
        ],
        &[("a", "x", "{}")]
    )]
    #[case::a_name_in_pieces_and_nulls(
        &[
            r#"{"index":0,"id":"a","function":{"name":"cost_","arguments":null}}"#,
            r#"{"index":0,"id":"","function":{"name":"analyzer"}}"#,
            r#"{"index":0,"id":null,"function":null}"#,
        ],
        &[("a", "cost_analyzer", "")]
    )]
    fn pieces_make_calls(#[case] pieces: &[&str], #[case] expected: &[(&str, &str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(id, tool, arguments)| call(id, tool, arguments)).collect();
        assert_eq!(put_together(pieces), Ok(expected));
    }

    #[test]
    fn neither_calls_nor_arguments_grow_without_end() {
        let many: Vec<String> = (0..=MOST_CALLS)
            .map(|n| format!(r#"{{"index":{n},"id":"i{n}","function":{{"name":"x"}}}}"#))
            .collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(put_together(&many), Err(TooMuch));
        assert_eq!(put_together(&many[..MOST_CALLS]).unwrap().len(), MOST_CALLS);
        let long = format!(
            r#"{{"index":0,"id":"a","function":{{"name":"x","arguments":"{}"}}}}"#,
            "1".repeat(40_000)
        );
        assert_eq!(put_together(&[&long, &long]), Err(TooMuch));
    }
}
