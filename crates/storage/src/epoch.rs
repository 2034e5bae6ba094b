//! A new life of a log.

use crate::AppendError;
use goldenpath_protocol::Epoch;
use rand::TryRngCore;
use rand::rngs::OsRng;

/// 128 random bits, in hex.
pub(crate) fn new_epoch() -> Result<Epoch, AppendError> {
    let mut bytes = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| AppendError::Failed(error.to_string()))?;
    Epoch::new(format!("{:032x}", u128::from_be_bytes(bytes)))
        .map_err(|error| AppendError::Failed(error.to_string()))
}
