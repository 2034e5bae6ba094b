//! Whose something is that one user claims, in few bytes: a session has hundreds of thousands of ids and names.

use crate::observation::UserIx;

/// Whose, and the line where they claimed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Whose {
    user: UserIx,
    /// Of lines beyond 2^32 the last that a number of this size names.
    line: u32,
}

impl Whose {
    /// Something of several users, or of none.
    pub(super) const NOBODY: Self = Self { user: UserIx(u32::MAX), line: 0 };

    /// Something that a user was the first to claim.
    pub(super) fn of(user: UserIx, line: u64) -> Self {
        Self { user, line: u32::try_from(line).unwrap_or(u32::MAX) }
    }

    /// Another claim: what two users claim is nobody's, for good.
    pub(super) fn claim(&mut self, user: UserIx) {
        if self.user != user {
            *self = Self::NOBODY;
        }
    }

    /// Whose it is and where they claimed it, if it is one user's.
    pub(super) fn owner(self) -> Option<(UserIx, u64)> {
        (self != Self::NOBODY).then(|| (self.user, u64::from(self.line)))
    }
}

#[cfg(test)]
mod tests {
    use super::Whose;
    use crate::observation::UserIx;

    #[test]
    fn what_two_claim_is_nobodys_for_good() {
        let (ada, bob) = (UserIx(0), UserIx(1));
        let mut whose = Whose::of(ada, 7);
        whose.claim(ada);
        assert_eq!(whose.owner(), Some((ada, 7)));
        whose.claim(bob);
        assert_eq!(whose.owner(), None);
        whose.claim(ada);
        assert_eq!(whose.owner(), None);
    }

    #[test]
    fn a_line_beyond_its_size_is_the_last_that_it_names() {
        assert_eq!(Whose::of(UserIx(0), 1 << 40).owner(), Some((UserIx(0), u64::from(u32::MAX))));
    }
}
