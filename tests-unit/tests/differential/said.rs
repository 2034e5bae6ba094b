//! What a plain check says: things it looked at, and what was wrong with them.

/// The running count of one check.
#[derive(Debug, Default)]
pub(super) struct Said {
    pub(super) looked: bool,
    pub(super) broken: Vec<String>,
    /// Nobody can tell of some of them.
    pub(super) doubtful: bool,
    /// More is promised here than the plain reading looks at: not compared.
    pub(super) open: bool,
    /// Something that it means nothing without never happened.
    pub(super) unbacked: bool,
}

impl Said {
    /// One thing was looked at; `why` says what was wrong with it.
    pub(super) fn judge(&mut self, why: Option<String>) {
        self.looked = true;
        self.broken.extend(why);
    }

    /// One thing was looked at, and it was right or not.
    pub(super) fn must(&mut self, kept: bool, why: impl FnOnce() -> String) {
        self.judge((!kept).then(why));
    }

    /// In one word.
    pub(super) fn word(&self) -> &'static str {
        if !self.broken.is_empty() {
            "fail"
        } else if self.looked && !self.unbacked && !self.doubtful {
            "pass"
        } else {
            "inconclusive"
        }
    }
}
