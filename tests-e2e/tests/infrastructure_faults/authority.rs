//! The auth service as a process of its own, and users who got their tokens from it.

use super::FEW;
use crate::backend::Backend;
use crate::driving::DEADLINE;
use crate::stand_in::{Command, NodeSettings, Wishes};
use goldenpath_harness::{Auth, Connect, NamedTarget, OAuth, OAuthSettings, Recording, Session, TestUser};
use goldenpath_services::{Process, embedded_alone, free_port};
use rcgen::KeyPair;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

/// What tells the service its client's secret.
const SECRET: &str = "CLIENT_SECRET";

/// The keys of the service, the one that signs first.
const KEYS: [&str; 2] = ["signs.pem", "signed-before.pem"];

/// How long the service is away. What nodes know of it grows old after 3 s (revocations) and 60 s (keys): the short form passes the
/// first, the nightly one both.
pub(super) fn away() -> Duration {
    match std::env::var("GOLDENPATH_DURATION").as_deref() {
        Ok("nightly") => Duration::from_secs(65),
        Ok("short") | Err(_) => Duration::from_secs(12),
        Ok(other) => panic!("`GOLDENPATH_DURATION` is `{other}`; valid are `short` and `nightly`"),
    }
}

/// An auth service that can be taken away, and whose keys can be rotated.
#[must_use = "the service ends when this is dropped"]
pub(super) struct Authority {
    command: Command,
    secret: String,
    token_url: String,
    files: TempDir,
}

impl Authority {
    /// The service, and a stand-in whose nodes know users by it alone; `None` where there is no stand-in of processes.
    pub(super) async fn with_backend() -> Option<(Self, Backend)> {
        let named = NamedTarget::find(|name| std::env::var(name).ok()).unwrap().is_some();
        if named || embedded_alone().unwrap() {
            println!("not tried, since the issuer of this backend's tokens is not ours to break");
            return None;
        }
        let authority = Self::start().await;
        let base = authority.token_url.trim_end_matches("/auth/token");
        let arguments = [
            "--auth-jwks-url".to_owned(),
            format!("{base}/.well-known/jwks.json"),
            "--auth-revocations-url".to_owned(),
            format!("{base}/auth/revocations"),
        ];
        let node = NodeSettings { arguments: arguments.to_vec(), ..NodeSettings::default() };
        let mut backend =
            Backend::with(&Wishes { nodes: vec![node.clone(), node], ..Wishes::default() }).await;
        backend.auth = authority.users(FEW).await;
        Some((authority, backend))
    }

    async fn start() -> Self {
        let files = tempfile::tempdir().unwrap();
        for name in KEYS {
            write_key(&files.path().join(name));
        }
        let config = files.path().join("auth.toml");
        let client = format!(
            "alg = \"ES256\"\n[[clients]]\nid = \"harness\"\nsecret_env = \"{SECRET}\"\n\
             grants = [\"client_credentials\"]\nusers_beginning_with = \"gp-\"\n"
        );
        fs::write(&config, client).unwrap();
        // The same wherever it is started again.
        let address = format!("127.0.0.1:{}", free_port().unwrap());
        let secret = format!("{:032x}", rand::random::<u128>());
        let file = |path: &Path| path.display().to_string();
        let keys = KEYS.map(|name| file(&files.path().join(name)));
        let config = file(&config);
        let mut arguments = vec!["serve", "--role", "auth", "--listen", &address, "--data-dir", "data"];
        arguments.extend(["--auth-config", &config]);
        for key in &keys {
            arguments.extend(["--auth-key-file", key]);
        }
        let command = Command::start(&arguments, &[(SECRET, &secret)]).await;
        Self { command, secret, token_url: format!("http://{address}/auth/token"), files }
    }

    /// So many users, with tokens of today.
    pub(super) async fn users(&self, count: usize) -> Auth {
        let mut settings = OAuthSettings::new(self.token_url.parse().unwrap(), "harness");
        settings.client_secret = Some(self.secret.clone());
        settings.user_field = Some("requested_subject".to_owned());
        let issuer = OAuth::new(settings).unwrap();
        issuer.issue(&TestUser::names(rand::random(), count)).await.unwrap();
        Auth::oauth(issuer)
    }

    /// Its process.
    pub(super) fn process(&self) -> &Process {
        self.command.process()
    }

    /// Lets a new key sign, which no node has seen; the one that signed so far is published still.
    pub(super) async fn rotate(&self) {
        let [signs, before] = KEYS.map(|name| self.files.path().join(name));
        fs::rename(&signs, before).unwrap();
        write_key(&signs);
        self.process().restart().await.unwrap();
    }

    /// Somebody gets a token and is let in; gives the head of the token, which names its key.
    pub(super) async fn let_in_somebody_new(&self, backend: &Backend) -> String {
        let auth = self.users(1).await;
        let_in(&auth, backend).await;
        let token = TestUser::roster(0, 1, &auth)[0].token().unwrap().unwrap();
        token.reveal().split('.').next().unwrap().to_owned()
    }
}

/// Somebody who has a token is let in by every node.
pub(super) async fn let_in(auth: &Auth, backend: &Backend) {
    let recording = Recording::in_memory().unwrap();
    let user = &TestUser::roster(0, 1, auth)[0];
    for node in &backend.whole().expect("only a stand-in's authority is ours").nodes {
        let session = Session::new(node.target(), auth.clone(), recording.recorder());
        let client = session.connect(user, Connect::fresh()).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        client.close().await;
    }
}

/// Makes a private key, PKCS#8 in PEM, for its owner alone.
fn write_key(file: &Path) {
    let pem = KeyPair::generate().unwrap().serialize_pem();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).unwrap();
    file.write_all(pem.as_bytes()).unwrap();
}
