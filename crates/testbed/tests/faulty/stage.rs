//! A backend of one row with the harness in front of it, and what a drive needs.

use goldenpath_harness::{
    Auth, Client, Connect, ConnectError, Credential, Forgery, MintSettings, Minter, Probe, Prompt, Prompts,
    Recording, Scenario, Session, Target, TestUser, Token, known_scenarios,
};
use goldenpath_protocol::EventType;
use goldenpath_testbed::faulty::{FaultyBackend, start, start_sound};
use serde_json::Value;
use std::time::Duration;

/// The deadline of every wait, for what hangs.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A backend, driven.
pub(crate) struct Stage {
    pub(crate) backend: FaultyBackend,
    pub(crate) session: Session,
    pub(crate) users: Vec<TestUser>,
    pub(crate) recording: Recording,
    pub(crate) prompts: Prompts,
}

impl Stage {
    pub(crate) async fn of(row: &str, seed: u64, wrong: bool) -> Self {
        let started = if wrong { start(row, seed).await } else { start_sound(row, seed).await };
        let backend = started.unwrap_or_else(|why| panic!("{row}: {why}"));
        let target = Target::new(backend.ws_url()).unwrap();
        let auth = match backend.issuer() {
            Some(issuer) => {
                let issuer = issuer.named_users().unwrap();
                issuer.issue(&TestUser::names(seed, 3)).await.unwrap();
                Auth::oauth(issuer)
            }
            None => Auth::mint(Minter::new(MintSettings::default(), backend.secret()).unwrap()),
        };
        let recording = Recording::in_memory().unwrap();
        let session = Session::new(target, auth, recording.recorder());
        let users = TestUser::roster(seed, 3, session.auth());
        Self { backend, session, users, recording, prompts: Prompts::new(seed, row) }
    }

    pub(crate) fn token(&self, user: usize) -> Token {
        self.users[user].token().unwrap().unwrap()
    }

    pub(crate) async fn enter(&self, user: usize) -> Client {
        self.enter_as(user, Connect::fresh()).await
    }

    pub(crate) async fn enter_as(&self, user: usize, how: Connect) -> Client {
        let client = self.session.connect(&self.users[user], how).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        client
    }

    /// The status of an attempt with a bad token.
    pub(crate) async fn knock(&self, forgery: Forgery) -> u16 {
        self.status(0, Connect::fresh().showing(Credential::Forged(forgery))).await
    }

    /// The status of an attempt; a connection that comes of it is closed again.
    pub(crate) async fn status(&self, user: usize, how: Connect) -> u16 {
        match self.session.connect(&self.users[user], how).await {
            Ok(client) => {
                client.close().await;
                101
            }
            Err(ConnectError::Refused { status, .. }) => status,
            Err(why) => panic!("{why}"),
        }
    }

    pub(crate) fn next(&mut self) -> Prompt {
        self.next_of(&known_scenarios()[0])
    }

    pub(crate) fn next_of(&mut self, scenario: &Scenario) -> Prompt {
        self.prompts.next(scenario)
    }

    /// Asks a prompt; gives the run's id at its first event.
    pub(crate) async fn begin(&self, client: &Client, prompt: &Prompt) -> String {
        client.ask(prompt, None).await.unwrap();
        client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap()
    }

    /// How a request ended; none for a refused one.
    pub(crate) async fn end(&self, client: &Client, prompt: &Prompt) -> Option<EventType> {
        let ended = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap();
        ended.and_then(|(_, run)| run.ended)
    }

    /// Asks the next prompt and waits for its end; gives the run's id.
    pub(crate) async fn answered(&mut self, client: &Client) -> String {
        let prompt = self.next();
        let run = self.begin(client, &prompt).await;
        assert_eq!(self.end(client, &prompt).await, Some(EventType::AgentCompleted));
        run
    }

    /// `GET /runs/{id}` as a user: the status, and the document.
    pub(crate) async fn document(&self, user: usize, run: &str) -> (u16, Value) {
        let probe = Probe::new(self.session.target()).unwrap();
        let answer = probe.get(&format!("runs/{run}"), Some(&self.token(user))).await.unwrap();
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }
}

/// Drives a row with its fault and without it. `shows` says whether the wire shows the fault.
pub(crate) async fn proves(row: &str, seed: u64, shows: impl AsyncFn(&mut Stage) -> bool) {
    for wrong in [true, false] {
        let mut stage = Stage::of(row, seed, wrong).await;
        let shown = shows(&mut stage).await;
        let receipts = stage.backend.receipts();
        assert_eq!(shown, wrong, "{row}, seed {seed}, fault {wrong}: shown {shown}, {receipts:?}");
        assert_eq!(!receipts.is_empty(), wrong, "{row}, seed {seed}, fault {wrong}: {receipts:?}");
        assert!(receipts.iter().all(|receipt| receipt.fault == row && !receipt.what.is_empty()));
    }
}
