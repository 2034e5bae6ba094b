//! The backend that is driven: the one that `GOLDENPATH_TARGET` names, or a stand-in.

use crate::stand_in::{StandIn, Whole, Wishes};
use goldenpath_harness::{Auth, NamedTarget, Target};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, MutexGuard};

/// Two sessions at once on one machine would measure each other.
pub(crate) static TURN: Mutex<()> = Mutex::const_new(());

/// A backend that is up, for one test at a time.
#[must_use = "a stand-in stops when this is dropped"]
pub(crate) struct Backend {
    pub(crate) target: Target,
    pub(crate) auth: Auth,
    seed: AtomicU64,
    stand_in: Option<StandIn>,
    _turn: MutexGuard<'static, ()>,
}

impl Backend {
    pub(crate) async fn open() -> Self {
        Self::with(&Wishes::default()).await
    }

    /// One whose stand-in is as the test wishes.
    pub(crate) async fn with(wishes: &Wishes) -> Self {
        let turn = TURN.lock().await;
        let named = NamedTarget::find(|name| std::env::var(name).ok()).unwrap();
        // A backend that outlives the test knows the request ids of earlier sessions: this one asks with others.
        let seed = if named.is_some() { rand::random() } else { 0 };
        let (target, auth, stand_in) = match named {
            Some(NamedTarget { target, auth }) => (target, auth, None),
            None => {
                let stand_in = StandIn::start(wishes).await;
                (stand_in.target(), stand_in.auth(), Some(stand_in))
            }
        };
        println!("{}, first seed {seed}", target.safe_url());
        Self { target, auth, seed: AtomicU64::new(seed), stand_in, _turn: turn }
    }

    /// A seed that this backend has not seen yet.
    pub(crate) fn next_seed(&self) -> u64 {
        self.seed.fetch_add(1, Ordering::Relaxed)
    }

    /// The file of certificates that this backend's own is signed by, where it is not a public authority's.
    pub(crate) fn ca_file(&self) -> Option<PathBuf> {
        match &self.stand_in {
            Some(stand_in) => Some(stand_in.ca_file().to_owned()),
            None => std::env::var_os("GOLDENPATH_TARGET__CA_FILE").map(PathBuf::from),
        }
    }

    /// Whether this is the reference backend, as the stand-in is: more is promised of it than of any other.
    pub(crate) fn is_reference(&self) -> bool {
        self.stand_in.is_some()
    }

    /// The processes of the stand-in, where it is the whole system: nothing of anybody else's may be broken.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        self.stand_in.as_ref()?.whole()
    }
}
