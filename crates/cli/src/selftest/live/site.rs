//! Where sessions are driven: in front of an embedded backend each, or of the one backend that was named.

use super::script::Script;
use crate::exit::CommandError;
use crate::serve::EmbeddedBackend;
use crate::validate::OwnTarget as _;
use goldenpath_faults::Receipt;
use goldenpath_harness::{Auth, AuthMode, MintSettings, Minter, Target, TargetError, TestUser};
use goldenpath_testbed::faulty::{self, FaultyBackend};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How long a connection may take: every backend that can be driven here answers sooner.
const CONNECT: Duration = Duration::from_secs(10);

/// Where faults are tried.
#[derive(Debug, Clone)]
pub(crate) enum Site {
    /// In front of a backend in this process, a new one for each session.
    Embedded,
    /// In front of this backend; `ca`: the certificates to trust, as PEM.
    Target { target: Box<Target>, auth: Auth, ca: Option<Arc<[u8]>> },
}

/// A backend that is ready for one session.
#[derive(Debug)]
pub(super) struct Place {
    /// Its address, as a proxy in front of it needs it.
    pub(super) upstream: String,
    /// How tokens are had.
    pub(super) auth: Auth,
    /// The certificates to trust instead of the system's.
    pub(super) ca: Option<Arc<[u8]>>,
    named: Option<Box<Target>>,
    embedded: Option<EmbeddedBackend>,
    faulty: Option<Mutex<FaultyBackend>>,
}

impl Site {
    /// Whether each session has a backend in this process.
    pub(crate) fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded)
    }

    /// Whether nobody shows a token there: then no two connections are known to be one user's.
    pub(crate) fn is_tokenless(&self) -> bool {
        matches!(self, Self::Target { auth, .. } if matches!(auth.mode, AuthMode::None))
    }

    /// Makes a backend ready for one session.
    pub(super) async fn open(&self, script: &Script, wrong: bool, seed: u64) -> Result<Place, CommandError> {
        if let Some(row) = script.inside {
            return inside(row, wrong, seed, script.users).await;
        }
        let setting = &script.setting;
        match self {
            Self::Embedded => {
                let backend = EmbeddedBackend::start_with(setting.config(), setting.agent()).await?;
                let minter = Minter::new(MintSettings::default(), backend.secret())
                    .map_err(|why| CommandError::Bug(why.to_string()))?;
                Ok(Place {
                    upstream: backend.url(),
                    auth: Auth::mint(minter),
                    ca: None,
                    named: None,
                    embedded: Some(backend),
                    faulty: None,
                })
            }
            Self::Target { target, auth, ca } => Ok(Place {
                upstream: target.ws().to_string(),
                auth: auth.clone(),
                ca: ca.clone(),
                named: Some(target.clone()),
                embedded: None,
                faulty: None,
            }),
        }
    }
}

/// A backend with the fault of a row inside, or the same one without it.
async fn inside(row: &str, wrong: bool, seed: u64, users: usize) -> Result<Place, CommandError> {
    let started = if wrong { faulty::start(row, seed).await } else { faulty::start_sound(row, seed).await };
    let backend = started.map_err(|why| CommandError::Outside(why.to_string()))?;
    let outside = |why: &dyn std::fmt::Display| CommandError::Outside(why.to_string());
    let auth = match backend.issuer() {
        Some(issuer) => {
            let issuer = issuer.named_users().map_err(|why| outside(&why))?;
            // One more, whose token is revoked.
            issuer.issue(&TestUser::names(seed, users + 1)).await.map_err(|why| outside(&why))?;
            Auth::oauth(issuer)
        }
        None => Auth::mint(
            Minter::new(MintSettings::default(), backend.secret())
                .map_err(|why| CommandError::Bug(why.to_string()))?,
        ),
    };
    Ok(Place {
        upstream: backend.ws_url().to_owned(),
        auth,
        ca: None,
        named: None,
        embedded: None,
        faulty: Some(Mutex::new(backend)),
    })
}

impl Place {
    /// What the fault inside did.
    pub(super) async fn receipts(&self) -> Vec<Receipt> {
        match &self.faulty {
            Some(faulty) => faulty.lock().await.receipts(),
            None => Vec::new(),
        }
    }

    /// The backend as users reach it through what listens at `front`.
    pub(super) fn behind(&self, front: &str) -> Result<Target, TargetError> {
        let reached = Target::new(front)?.with_connect_deadline(CONNECT);
        Ok(match &self.named {
            None => reached,
            Some(named) => {
                let reached = reached.with_profile(named.profile()).with_metrics(named.metrics());
                match named.pid() {
                    Some(pid) => reached.with_pid(pid),
                    None => reached,
                }
            }
        })
    }

    /// Its address without secrets.
    pub(super) fn safe_url(&self) -> String {
        self.named.as_ref().map_or_else(|| self.upstream.clone(), |named| named.safe_url())
    }

    /// Lets a backend in this process end as on SIGTERM.
    pub(super) async fn drain(&self) {
        if let Some(faulty) = &self.faulty {
            faulty.lock().await.terminate().await;
        }
        if let Some(embedded) = &self.embedded
            && !embedded.stop().await
        {
            tracing::warn!("not everything ended in time");
        }
    }

    /// Stops what is in this process; nobody is connected any more.
    pub(super) async fn close(self) {
        if let Some(embedded) = self.embedded {
            embedded.end().await;
        }
    }
}
