//! What a proxy is to do.

use super::desk::OnReceipt;
use super::toxic::ToxicSpec;
use crate::catalogue::FaultInfo;
use crate::fault::Fault;
use crate::receipt::Receipt;

/// What a proxy does with what passes; by default nothing.
#[must_use = "a proxy is started with it"]
pub struct Plan {
    pub(super) seed: u64,
    pub(super) passthrough: bool,
    pub(super) fault: Option<(&'static str, Box<dyn Fault>)>,
    pub(super) toxics: Vec<ToxicSpec>,
    pub(super) ca: Option<Vec<u8>>,
    pub(super) on_receipt: OnReceipt,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("seed", &self.seed)
            .field("passthrough", &self.passthrough)
            .field("fault", &self.fault.as_ref().map(|(id, _)| id))
            .field("toxics", &self.toxics)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Reads WebSocket and HTTP, so that a fault can act; everything varies by the seed.
    pub fn aware(seed: u64) -> Self {
        Self {
            seed,
            passthrough: false,
            fault: None,
            toxics: Vec::new(),
            ca: None,
            on_receipt: Box::new(drop),
        }
    }

    /// Carries bytes, and looks at nothing. No fault acts on them, only toxics.
    pub fn passthrough(seed: u64) -> Self {
        Self { passthrough: true, ..Self::aware(seed) }
    }

    /// With the fault of a row.
    pub fn fault(self, info: &FaultInfo) -> Self {
        let fault = (info.make)(self.seed);
        self.fault_of(info.id, fault)
    }

    /// With a fault of one's own, under the name that its receipts carry.
    pub fn fault_of(mut self, id: &'static str, fault: Box<dyn Fault>) -> Self {
        self.fault = Some((id, fault));
        self
    }

    /// With one more toxic.
    pub fn toxic(mut self, toxic: ToxicSpec) -> Self {
        self.toxics.push(toxic);
        self
    }

    /// Trusts these certificates (PEM) instead of the system's.
    pub fn trusting(mut self, ca: impl Into<Vec<u8>>) -> Self {
        self.ca = Some(ca.into());
        self
    }

    /// Every receipt goes there as soon as it is written.
    pub fn receipts(mut self, to: impl FnMut(Receipt) + Send + 'static) -> Self {
        self.on_receipt = Box::new(to);
        self
    }
}
