//! What all clients of one session share: the target, the tokens and the recorder.

use crate::{Auth, Client, Connect, ConnectError, Recorder, Target, TestUser};

/// One session against one target.
#[derive(Debug, Clone)]
pub struct Session {
    target: Target,
    auth: Auth,
    recorder: Recorder,
}

impl Session {
    /// A session.
    #[must_use]
    pub fn new(target: Target, auth: Auth, recorder: Recorder) -> Self {
        Self { target, auth, recorder }
    }

    /// The backend under test.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How tokens are had and shown.
    #[must_use]
    pub fn auth(&self) -> &Auth {
        &self.auth
    }

    /// Where everything is written down.
    #[must_use]
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Connects a user; the attempt is recorded, whatever becomes of it. Returns after the upgrade, before the greeting.
    ///
    /// # Errors
    /// When the target refuses, cannot be reached in time, or no such credential can be made.
    pub async fn connect(&self, user: &TestUser, how: Connect) -> Result<Client, ConnectError> {
        Client::connect(&self.target, &self.auth, user, &self.recorder, how).await
    }
}
