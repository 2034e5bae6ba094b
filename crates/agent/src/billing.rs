//! Where a user's billing data comes from.

use crate::dataset::{Dataset, DatasetBuilder};
use crate::focus::{ImportError, RowError, read_rows};
use crate::generate::generate;
use crate::turns::Turns;
use async_trait::async_trait;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OnceCell;

/// Why a user's billing data cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BillingError {
    /// Not now, perhaps later.
    #[error("billing data is not available at the moment: {0}")]
    Unavailable(String),
    /// There is none for this user.
    #[error("there is no billing data for this user")]
    NoData,
}

/// Gives a user's billing data. It is asked once per tool call, so it should remember.
#[async_trait]
pub trait BillingSource: Send + Sync + std::fmt::Debug {
    /// The data of `user_id`. What has to be computed for them takes one of `turns`.
    async fn billing(&self, user_id: &str, turns: &Turns) -> Result<Arc<Dataset>, BillingError>;
}

/// How many generated sets are remembered: about 250 KiB each.
const REMEMBERED: usize = 32;

type Slot = Arc<OnceCell<Arc<Dataset>>>;

/// The embedded default: data generated from the user id.
#[derive(Debug, Default)]
pub struct GeneratedBilling {
    /// The most recently asked last.
    recent: Mutex<VecDeque<(String, Slot)>>,
    truth_directory: Option<PathBuf>,
}

impl GeneratedBilling {
    /// A source that also keeps the truth about each set as a JSON file in `directory`.
    #[must_use]
    pub fn with_truth_in(directory: impl Into<PathBuf>) -> Self {
        Self { truth_directory: Some(directory.into()), ..Self::default() }
    }

    fn slot(&self, user_id: &str) -> Slot {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let known = recent.iter().position(|(user, _)| user == user_id);
        let entry =
            known.and_then(|at| recent.remove(at)).unwrap_or_else(|| (user_id.to_owned(), Slot::default()));
        let slot = Arc::clone(&entry.1);
        recent.push_back(entry);
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
        slot
    }
}

#[async_trait]
impl BillingSource for GeneratedBilling {
    async fn billing(&self, user_id: &str, turns: &Turns) -> Result<Arc<Dataset>, BillingError> {
        let slot = self.slot(user_id);
        let made = slot
            .get_or_try_init(|| async {
                let (user, directory) = (user_id.to_owned(), self.truth_directory.clone());
                turns
                    .compute(move || make(&user, directory.as_deref()))
                    .await
                    .map_err(|_| BillingError::Unavailable("the data could not be prepared".to_owned()))?
            })
            .await?;
        Ok(Arc::clone(made))
    }
}

fn make(user_id: &str, truth_directory: Option<&Path>) -> Result<Arc<Dataset>, BillingError> {
    let (dataset, truth) = generate(user_id).ok_or(BillingError::NoData)?;
    if let Some(directory) = truth_directory
        && let Err(error) = truth.write_to(directory)
    {
        tracing::warn!(%error, directory = %directory.display(), "failed to keep the truth about generated data");
    }
    Ok(Arc::new(dataset))
}

/// One FOCUS export for every user.
#[derive(Debug)]
pub struct ImportedBilling {
    dataset: Arc<Dataset>,
    rejected: Vec<RowError>,
}

impl ImportedBilling {
    /// Reads an export from a file.
    ///
    /// # Errors
    /// When the file cannot be read or holds no usable row.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        Self::read(BufReader::new(File::open(path)?))
    }

    /// Reads an export.
    ///
    /// # Errors
    /// When the source cannot be read or holds no usable row.
    pub fn read(source: impl Read) -> Result<Self, ImportError> {
        let mut builder = DatasetBuilder::default();
        let rejected = read_rows(source, |row| builder.push(&row))?;
        match builder.finish() {
            Some(dataset) => Ok(Self { dataset: Arc::new(dataset), rejected }),
            None => Err(ImportError::NoRows { rejected }),
        }
    }

    /// The data.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }

    /// The lines that were wrong and skipped.
    #[must_use]
    pub fn rejected(&self) -> &[RowError] {
        &self.rejected
    }
}

#[async_trait]
impl BillingSource for ImportedBilling {
    async fn billing(&self, _user_id: &str, _turns: &Turns) -> Result<Arc<Dataset>, BillingError> {
        Ok(Arc::clone(&self.dataset))
    }
}
