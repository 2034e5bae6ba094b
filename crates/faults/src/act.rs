//! What a fault may do with the step it sees. Whatever it does leaves a receipt.

use crate::fault::Step;
use crate::message::Message;
use crate::receipt::{Deed, Receipt};
use crate::scene::Scene;
use goldenpath_history::{ClosedBy, RecordKind};

/// What becomes of one step, told by the fault that sees it. Told nothing, the step passes.
#[derive(Debug)]
pub struct Act<'a> {
    fault: &'static str,
    scene: &'a Scene,
    step: &'a Step,
    message: Option<&'a Message>,
    pub(crate) passes: bool,
    pub(crate) before: Vec<Step>,
    /// Which of those stands for the step itself.
    pub(crate) stand_in: Option<usize>,
    pub(crate) after: Vec<Step>,
    pub(crate) delay_ns: u64,
    pub(crate) holds: Vec<(u32, u64)>,
    pub(crate) cuts: Vec<Step>,
    pub(crate) receipts: Vec<Receipt>,
}

impl<'a> Act<'a> {
    pub(crate) fn new(
        fault: &'static str,
        scene: &'a Scene,
        step: &'a Step,
        message: Option<&'a Message>,
    ) -> Self {
        Self {
            fault,
            scene,
            step,
            message,
            passes: true,
            before: Vec::new(),
            stand_in: None,
            after: Vec::new(),
            delay_ns: 0,
            holds: Vec::new(),
            cuts: Vec::new(),
            receipts: Vec::new(),
        }
    }

    /// Who is there, the step under way included.
    #[must_use]
    pub fn scene(&self) -> &'a Scene {
        self.scene
    }

    /// The step's message, when it is one from the server.
    #[must_use]
    pub fn message(&self) -> Option<&'a Message> {
        self.message
    }

    /// The step's message and run, when it is a run event.
    #[must_use]
    pub fn event(&self) -> Option<(&'a Message, &'a str)> {
        let message = self.message?;
        Some((message, message.run()?))
    }

    /// The step never arrives.
    pub fn lose(&mut self, what: impl Into<String>) {
        self.passes = false;
        self.sign(Deed::Lost, self.step, what);
    }

    /// `other` arrives instead, at the same place.
    pub fn alter(&mut self, other: Step, what: impl Into<String>) {
        self.passes = false;
        self.stand_in.get_or_insert(self.before.len());
        self.before.push(other);
        self.sign(Deed::Altered, self.step, what);
    }

    /// `message` arrives instead.
    pub fn say(&mut self, message: Message, what: impl Into<String>) {
        self.alter(message.in_place_of(self.step), what);
    }

    /// `extra` arrives before the step, at its own time if that is later than now.
    pub fn add_before(&mut self, extra: Step, what: impl Into<String>) {
        self.sign(Deed::Added, &extra, what);
        self.before.push(extra);
    }

    /// `extra` arrives after the step, at its own time if that is later than now.
    pub fn add(&mut self, extra: Step, what: impl Into<String>) {
        self.sign(Deed::Added, &extra, what);
        self.after.push(extra);
    }

    /// What was just done concerns this run, which the touched step does not name.
    pub fn concerning(&mut self, run_id: &str) {
        if let Some(receipt) = self.receipts.last_mut() {
            receipt.run_id = Some(run_id.to_owned());
            receipt.user = self.scene.run(run_id).map(|run| run.user.clone());
        }
    }

    /// The step alone arrives later; what follows it does not wait.
    pub fn delay(&mut self, by_ns: u64, what: impl Into<String>) {
        self.delay_ns = self.delay_ns.saturating_add(by_ns);
        self.sign(Deed::Delayed, self.step, what);
    }

    /// The step does not arrive yet: the fault has a copy of it, and gives it back later or loses it.
    pub fn keep_back(&mut self, what: impl Into<String>) {
        self.passes = false;
        self.sign(Deed::Delayed, self.step, what);
    }

    /// A step that was kept back arrives before this one.
    pub fn give_back_before(&mut self, kept: Step) {
        self.before.push(kept);
    }

    /// A step that was kept back arrives after this one.
    pub fn give_back(&mut self, kept: Step) {
        self.after.push(kept);
    }

    /// A step that was kept back never arrives.
    pub fn lose_kept(&mut self, kept: &Step, what: impl Into<String>) {
        self.sign(Deed::Lost, kept, what);
    }

    /// The step, and everything that comes on its connection, waits until then.
    pub fn hold(&mut self, until_ns: u64, what: impl Into<String>) {
        if let Some(conn) = self.step.conn {
            self.holds.push((conn, until_ns));
            self.sign(Deed::Held, self.step, what);
        }
    }

    /// The step's connection ends here, before the step; nothing passes on it any more. `code` none: the transport just ends.
    pub fn cut(&mut self, code: Option<u16>, reason: &str, what: impl Into<String>) {
        self.passes = false;
        let by = if code.is_some() { ClosedBy::Server } else { ClosedBy::Transport };
        let reason = (!reason.is_empty()).then(|| reason.to_owned().into());
        let close = Step { kind: RecordKind::Close { code, reason, by }, ..self.step.clone() };
        self.sign(Deed::Cut, self.step, what);
        self.cuts.push(close);
    }

    /// Says on the last receipt that the step now names this other run, or shows its content.
    pub fn involve(&mut self, run: &str) {
        if let Some(receipt) = self.receipts.last_mut() {
            receipt.other_run = Some(run.to_owned());
        }
    }

    fn sign(&mut self, deed: Deed, touched: &Step, what: impl Into<String>) {
        let own = Message::of(touched);
        let run_id = own.as_ref().and_then(Message::run).or_else(|| self.message?.run()).map(str::to_owned);
        let user = touched.user.as_deref().or_else(|| self.scene.user_of(touched.conn?)).map(str::to_owned);
        self.receipts.push(Receipt {
            fault: self.fault.to_owned(),
            t_ns: touched.t_ns.max(self.step.t_ns),
            deed,
            conn: touched.conn,
            user,
            run_id,
            other_run: None,
            what: what.into(),
        });
    }
}
