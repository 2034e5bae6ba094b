//! What a driver does to its own end of a connection, each recorded as the [`Trial`] that it is.

use super::line::Passing;
use super::{Client, SEND_DEADLINE, Shared};
use goldenpath_history::{ClosedBy, Trial};

impl Client {
    /// Ends the transport without a word, as a network does that is gone, and waits until that is recorded.
    pub async fn cut(&self) {
        self.shared.cut();
        if self.wait_for_close(SEND_DEADLINE).await.is_err() {
            self.shared.end(None, "", ClosedBy::Transport);
        }
    }

    /// Reads no bytes from here on, and keeps the connection open; sending goes on. How much comes before that shows
    /// to the target is told by [`Connect::stalling`](super::Connect::stalling).
    pub fn stop_reading(&self) {
        self.shared.put_through(Trial::ReaderStalled, Passing::OnlyOut);
    }

    /// Reads again after [`stop_reading`](Self::stop_reading).
    pub fn read_on(&self) {
        self.shared.put_through(Trial::ReaderReads, Passing::BothWays);
    }

    /// Nothing that is sent arrives from here on, answers to pings included; what comes is still read.
    pub fn fall_silent(&self) {
        self.shared.put_through(Trial::PeerSilent, Passing::OnlyIn);
    }

    /// Nothing passes from here on either way, and the transport stays open until this client is dropped.
    pub fn vanish(&self) {
        self.shared.put_through(Trial::PeerVanished, Passing::Nothing);
    }
}

impl Shared {
    pub(super) fn cut(&self) {
        self.put_through(Trial::LinkCut, Passing::Cut);
    }

    fn put_through(&self, step: Trial, passing: Passing) {
        // First the record: what comes of it comes after it.
        self.record(step.mark());
        self.valve.set(passing);
    }
}
