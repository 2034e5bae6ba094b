//! The backend that is driven: the one that `GOLDENPATH_TARGET` names, or the embedded one on a port of its own.

use goldenpath_harness::{Auth, NamedTarget, Target};
use goldenpath_testbed::Testbed;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, MutexGuard};

/// Two sessions at once on one machine would measure each other.
static TURN: Mutex<()> = Mutex::const_new(());

/// A backend that is up, for one test at a time.
#[must_use = "an embedded backend stops when this is dropped"]
pub(crate) struct Backend {
    pub(crate) target: Target,
    pub(crate) auth: Auth,
    seed: AtomicU64,
    _embedded: Option<Testbed>,
    _turn: MutexGuard<'static, ()>,
}

impl Backend {
    pub(crate) async fn open() -> Self {
        let turn = TURN.lock().await;
        match NamedTarget::find(|name| std::env::var(name).ok()).unwrap() {
            // A backend that outlives the test knows the request ids of earlier sessions: this one asks with others.
            Some(NamedTarget { target, auth }) => Self::new(target, auth, rand::random(), None, turn),
            None => {
                let testbed = Testbed::builder().start().await.unwrap();
                let (target, auth) = (testbed.session.target().clone(), testbed.session.auth().clone());
                Self::new(target, auth, 0, Some(testbed), turn)
            }
        }
    }

    fn new(
        target: Target,
        auth: Auth,
        seed: u64,
        embedded: Option<Testbed>,
        turn: MutexGuard<'static, ()>,
    ) -> Self {
        println!("{}, first seed {seed}", target.safe_url());
        Self { target, auth, seed: AtomicU64::new(seed), _embedded: embedded, _turn: turn }
    }

    /// A seed that this backend has not seen yet.
    pub(crate) fn next_seed(&self) -> u64 {
        self.seed.fetch_add(1, Ordering::Relaxed)
    }
}
