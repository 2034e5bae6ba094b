//! A model's reply, put together from chunks.

use super::calls::Calls;
use super::chunk::Chunk;
use super::trouble::Trouble;

/// Why a model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finish {
    /// It was done, or wants tools.
    Done,
    /// It ran into its length limit.
    Length,
    /// The provider's filter stopped it.
    Filtered,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Reply {
    /// What it wrote.
    pub(super) text: String,
    /// With which words it refused.
    pub(super) refusal: String,
    pub(super) calls: Calls,
    pub(super) finish: Option<Finish>,
}

/// What is new in a chunk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    pub(super) thought: String,
    pub(super) text: String,
    /// Whether tools are called: nothing that was written before is the answer then.
    pub(super) calls: bool,
}

impl Reply {
    /// Adds a chunk.
    pub(super) fn add(&mut self, chunk: Chunk) -> Result<Heard, Trouble> {
        let mut heard = Heard::default();
        let Some(mut choice) = chunk.choice() else { return Ok(heard) };
        let mut delta = choice.delta();
        heard.thought = delta.thought().unwrap_or_default();
        heard.text = delta.content.unwrap_or_default();
        self.text.push_str(&heard.text);
        self.refusal.push_str(&delta.refusal.unwrap_or_default());
        for call in delta.tool_calls.unwrap_or_default() {
            self.calls
                .add(call)
                .map_err(|_| Trouble::Broken("it asks for more tools than any plan needs"))?;
            heard.calls = true;
        }
        self.finish = match choice.finish_reason.as_deref() {
            None | Some("") => None,
            Some("error") => return Err(Trouble::Broken("the provider reported an error at its end")),
            Some("length") => Some(Finish::Length),
            Some("content_filter") => Some(Finish::Filtered),
            Some(_) => Some(Finish::Done),
        };
        Ok(heard)
    }
}

#[cfg(test)]
mod tests {
    use super::{Finish, Heard, Reply};
    use crate::model::openai::trouble::Trouble;
    use rstest::rstest;

    fn add(reply: &mut Reply, chunk: &str) -> Result<Heard, Trouble> {
        reply.add(serde_json::from_str(chunk).unwrap())
    }

    fn heard(thought: &str, text: &str, calls: bool) -> Heard {
        Heard { thought: thought.to_owned(), text: text.to_owned(), calls }
    }

    #[rstest]
    #[case(r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#, heard("", "", false))]
    #[case(r#"{"choices":[{"index":0,"delta":{"content":"Your bill"}}]}"#, heard("", "Your bill", false))]
    #[case(r#"{"choices":[{"delta":{"content":null,"reasoning_content":"Hm."}}]}"#, heard("Hm.", "", false))]
    #[case(r#"{"choices":[{"delta":{"reasoning":"Hm."},"finish_reason":null}]}"#, heard("Hm.", "", false))]
    #[case(
        r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"x"}}]}}]}"#,
        heard("", "", true)
    )]
    #[case::usage(r#"{"choices":[],"usage":{"total_tokens":7}}"#, heard("", "", false))]
    #[case::other_choice(r#"{"choices":[{"index":1,"delta":{"content":"no"}}]}"#, heard("", "", false))]
    #[case::whole(r#"{"choices":[{"message":{"content":"All of it"}}]}"#, heard("", "All of it", false))]
    fn a_chunk_tells_what_is_new(#[case] chunk: &str, #[case] expected: Heard) {
        let mut reply = Reply::default();
        assert_eq!(add(&mut reply, chunk), Ok(expected));
        assert_eq!(reply.finish, None);
    }

    #[rstest]
    #[case("stop", Finish::Done)]
    #[case("tool_calls", Finish::Done)]
    #[case("eos", Finish::Done)]
    #[case("length", Finish::Length)]
    #[case("content_filter", Finish::Filtered)]
    fn the_end_says_why(#[case] reason: &str, #[case] expected: Finish) {
        let mut reply = Reply::default();
        add(&mut reply, &format!(r#"{{"choices":[{{"delta":{{}},"finish_reason":"{reason}"}}]}}"#)).unwrap();
        assert_eq!(reply.finish, Some(expected));
    }

    #[test]
    fn a_refusal_is_kept_apart_from_the_text() {
        let mut reply = Reply::default();
        add(&mut reply, r#"{"choices":[{"delta":{"refusal":"I cannot "}}]}"#).unwrap();
        add(&mut reply, r#"{"choices":[{"delta":{"refusal":"do that."}}]}"#).unwrap();
        assert_eq!((reply.text.as_str(), reply.refusal.as_str()), ("", "I cannot do that."));
    }

    #[test]
    fn an_error_at_the_end_is_no_end() {
        let error = add(&mut Reply::default(), r#"{"choices":[{"delta":{},"finish_reason":"error"}]}"#);
        assert!(matches!(error, Err(Trouble::Broken(_))), "{error:?}");
    }
}
