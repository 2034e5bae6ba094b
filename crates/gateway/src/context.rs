//! Who a run belongs to. Every event takes its identity from here and from nowhere else.

use goldenpath_protocol::{EventHead, InvalidId, RequestId, RunId, ThreadId, Tier, UserId};
use std::collections::BTreeMap;

/// The identity of one execution: immutable, cheap to clone, and inherited whole by sub-agents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserExecutionContext {
    user_id: UserId,
    thread_id: ThreadId,
    run_id: RunId,
    request_id: RequestId,
    tier: Tier,
    agent_name: String,
    parent_agent: Option<String>,
    metadata: BTreeMap<String, String>,
}

/// A context that must not exist.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// An identity is a placeholder or malformed.
    #[error(transparent)]
    Identity(#[from] InvalidId),
    /// No agent is named.
    #[error("the agent of a context has no name")]
    NamelessAgent,
    /// Metadata names another user, thread, run or request than the context's own.
    #[error("metadata `{key}` holds another identity than the context's own")]
    ForeignIdentity {
        /// The key that does.
        key: String,
    },
}

impl UserExecutionContext {
    /// A context of checked identities for the supervising agent `agent_name`.
    ///
    /// # Errors
    /// [`ContextError::NamelessAgent`] when the name is blank.
    pub fn new(
        user_id: UserId,
        thread_id: ThreadId,
        run_id: RunId,
        request_id: RequestId,
        tier: Tier,
        agent_name: impl Into<String>,
    ) -> Result<Self, ContextError> {
        let agent_name = agent_name.into();
        if agent_name.trim().is_empty() {
            return Err(ContextError::NamelessAgent);
        }
        Ok(Self {
            user_id,
            thread_id,
            run_id,
            request_id,
            tier,
            agent_name,
            parent_agent: None,
            metadata: BTreeMap::new(),
        })
    }

    /// A context from texts; placeholders (`null`, `default`, `registry`, blanks…) are refused.
    ///
    /// # Errors
    /// [`ContextError`] says which identity is wrong and why.
    pub fn parse(
        user: &str,
        thread: &str,
        run: &str,
        request: &str,
        tier: Tier,
        agent_name: &str,
    ) -> Result<Self, ContextError> {
        Self::new(
            UserId::new(user)?,
            ThreadId::new(thread)?,
            RunId::new(run)?,
            RequestId::new(request)?,
            tier,
            agent_name,
        )
    }

    /// The context of a sub-agent: the same identity, with this context's agent as its parent.
    ///
    /// # Errors
    /// [`ContextError::NamelessAgent`] when the name is blank.
    pub fn child(&self, agent_name: impl Into<String>) -> Result<Self, ContextError> {
        let agent_name = agent_name.into();
        if agent_name.trim().is_empty() {
            return Err(ContextError::NamelessAgent);
        }
        Ok(Self { agent_name, parent_agent: Some(self.agent_name.clone()), ..self.clone() })
    }

    /// The same context with one more note.
    ///
    /// # Errors
    /// [`ContextError::ForeignIdentity`] when the key names an identity and the value is not the own one.
    pub fn with_metadata(
        mut self,
        key: impl Into<String>,
        value: impl Into<String>,
    ) -> Result<Self, ContextError> {
        let (key, value) = (key.into(), value.into());
        if self.own_identity(&key).is_some_and(|own| own != value) {
            return Err(ContextError::ForeignIdentity { key });
        }
        self.metadata.insert(key, value);
        Ok(self)
    }

    /// The own identity that a metadata key speaks of, however it is spelt: `user_id`, `userId`, `User-ID`, `sub`.
    fn own_identity(&self, key: &str) -> Option<&str> {
        let plain: String =
            key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        match plain.as_str() {
            "user" | "userid" | "sub" | "owner" | "ownerid" => Some(self.user_id.as_str()),
            "thread" | "threadid" => Some(self.thread_id.as_str()),
            "run" | "runid" => Some(self.run_id.as_str()),
            "request" | "requestid" => Some(self.request_id.as_str()),
            _ => None,
        }
    }

    /// Whose run it is.
    #[must_use]
    pub fn user_id(&self) -> &UserId {
        &self.user_id
    }

    /// The conversation.
    #[must_use]
    pub fn thread_id(&self) -> &ThreadId {
        &self.thread_id
    }

    /// The run.
    #[must_use]
    pub fn run_id(&self) -> &RunId {
        &self.run_id
    }

    /// The client's id of the request.
    #[must_use]
    pub fn request_id(&self) -> &RequestId {
        &self.request_id
    }

    /// What the user has paid for.
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Which agent speaks.
    #[must_use]
    pub fn agent_name(&self) -> &str {
        &self.agent_name
    }

    /// The supervisor, in a sub-agent's context.
    #[must_use]
    pub fn parent_agent(&self) -> Option<&str> {
        self.parent_agent.as_deref()
    }

    /// Notes; never an identity of somebody else.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// Whether another context speaks for the same user, thread, run and request.
    #[must_use]
    pub fn same_identity(&self, other: &Self) -> bool {
        self.user_id == other.user_id
            && self.thread_id == other.thread_id
            && self.run_id == other.run_id
            && self.request_id == other.request_id
    }

    /// Whether an event belongs to this run.
    #[must_use]
    pub fn owns(&self, head: &EventHead) -> bool {
        self.user_id == head.user_id
            && self.thread_id == head.thread_id
            && self.run_id == head.run_id
            && self.request_id == head.request_id
    }
}

#[cfg(test)]
mod tests {
    use super::{ContextError, UserExecutionContext};
    use goldenpath_protocol::Tier;

    fn context() -> UserExecutionContext {
        UserExecutionContext::parse("ada", "t-1", "r-1", "q-1", Tier::Mid, "supervisor").unwrap()
    }

    #[test]
    fn a_child_keeps_the_identity_and_names_its_parent() {
        let child = context().child("specialist").unwrap();
        assert!(child.same_identity(&context()));
        assert_eq!((child.agent_name(), child.parent_agent()), ("specialist", Some("supervisor")));
        assert_eq!(child.tier(), Tier::Mid);
        assert_eq!(context().child(" ").unwrap_err(), ContextError::NamelessAgent);
    }

    #[test]
    fn foreign_identities_in_metadata_are_refused_however_spelt() {
        for key in ["user_id", "userId", "User-ID", "sub", "owner", "thread_id", "runId", "request_id"] {
            let refused = context().with_metadata(key, "mallory").unwrap_err();
            assert_eq!(refused, ContextError::ForeignIdentity { key: key.to_owned() });
        }
        let noted = context().with_metadata("user_id", "ada").unwrap().with_metadata("region", "eu").unwrap();
        assert_eq!(noted.metadata().len(), 2);
    }

    #[test]
    fn placeholders_are_refused() {
        for id in ["", "null", "default", "registry", "a b"] {
            assert!(UserExecutionContext::parse(id, "t-1", "r-1", "q-1", Tier::Free, "a").is_err(), "{id}");
            assert!(UserExecutionContext::parse("ada", id, "r-1", "q-1", Tier::Free, "a").is_err(), "{id}");
            assert!(UserExecutionContext::parse("ada", "t-1", id, "q-1", Tier::Free, "a").is_err(), "{id}");
            assert!(UserExecutionContext::parse("ada", "t-1", "r-1", id, Tier::Free, "a").is_err(), "{id}");
        }
    }
}
