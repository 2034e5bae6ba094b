//! Authenticated users of a session, named by its seed.

use crate::{Auth, AuthError, AuthMode, Forgery, IssuedIdentity, Minter, Token};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;
use std::time::Duration;

/// One identity and where its tokens come from.
#[derive(Debug, Clone)]
pub struct TestUser {
    name: Arc<str>,
    tier: Option<&'static str>,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    None,
    Given(Token),
    Minted(Arc<Minter>),
    Issued(Arc<IssuedIdentity>),
}

impl TestUser {
    /// A user who shows no token.
    #[must_use]
    pub fn unauthenticated(name: &str) -> Self {
        Self { name: name.into(), tier: None, source: Source::None }
    }

    /// A user whose tokens are signed here; `name` becomes their `sub`.
    #[must_use]
    pub fn minted(name: &str, minter: Arc<Minter>) -> Self {
        Self { name: name.into(), tier: None, source: Source::Minted(minter) }
    }

    /// A user with a given token, named by its `sub` where it has one.
    #[must_use]
    pub fn given(name: &str, token: Token) -> Self {
        let name = token.subject().unwrap_or_else(|| name.to_owned());
        Self { name: name.into(), tier: None, source: Source::Given(token) }
    }

    /// A user whose tokens an issuer gives.
    #[must_use]
    pub fn issued(identity: Arc<IssuedIdentity>) -> Self {
        Self { name: identity.name().clone(), tier: None, source: Source::Issued(identity) }
    }

    /// The same user, having paid for `tier`; only minted tokens can say so.
    #[must_use]
    pub fn of_tier(mut self, tier: &'static str) -> Self {
        self.tier = Some(tier);
        self
    }

    /// The names of `count` users of a seed.
    #[must_use]
    pub fn names(seed: u64, count: usize) -> Vec<String> {
        let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x7573_6572);
        (0..count).map(|n| format!("gp-{:08x}-{}", random.random::<u32>(), n + 1)).collect()
    }

    /// `count` users of a seed. Given and issued tokens may be fewer: then there are as many users as tokens.
    #[must_use]
    pub fn roster(seed: u64, count: usize, auth: &Auth) -> Vec<Self> {
        let names = Self::names(seed, count);
        match &auth.mode {
            AuthMode::None => names.iter().map(|name| Self::unauthenticated(name)).collect(),
            AuthMode::Mint(minter) => names.iter().map(|name| Self::minted(name, minter.clone())).collect(),
            AuthMode::OAuth(issuer) => issuer.issued().into_iter().take(count).map(Self::issued).collect(),
            AuthMode::Token(tokens) => {
                tokens.iter().take(count).map(|given| Self::given(&given.name, given.token.clone())).collect()
            }
        }
    }

    /// The name, equal to the `sub` of its tokens.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Where its tokens come from, when an issuer gives them.
    #[must_use]
    pub fn identity(&self) -> Option<&Arc<IssuedIdentity>> {
        match &self.source {
            Source::Issued(identity) => Some(identity),
            _ => None,
        }
    }

    /// A good token; `None` where none is shown.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token(&self) -> Result<Option<Token>, AuthError> {
        match &self.source {
            Source::None => Ok(None),
            Source::Given(token) => Ok(Some(token.clone())),
            Source::Minted(minter) => minter.token(&self.name, self.tier).map(Some),
            Source::Issued(identity) => identity.token().map(Some),
        }
    }

    /// A good token that ends after `ttl`.
    ///
    /// # Errors
    /// When tokens are not minted, or signing fails.
    pub fn token_for(&self, ttl: Duration) -> Result<Token, AuthError> {
        match &self.source {
            Source::Minted(minter) => minter.token_for(&self.name, self.tier, ttl),
            _ => Err(AuthError::Case { case: "short-lived", why: "only a minted token can be" }),
        }
    }

    /// A token that must be refused; `None` where none is shown.
    ///
    /// # Errors
    /// When the case cannot be made of what this user has, or signing fails.
    pub fn forged(&self, forgery: Forgery) -> Result<Option<Token>, AuthError> {
        match &self.source {
            Source::None => Err(AuthError::Case { case: forgery.case(), why: "the user has no token" }),
            Source::Given(token) => crate::auth::derive(token, forgery),
            Source::Issued(identity) => crate::auth::derive(&identity.token()?, forgery),
            Source::Minted(minter) => minter.forged(&self.name, forgery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TestUser;
    use crate::Auth;

    #[test]
    fn a_seed_names_its_users() {
        let names = |seed| {
            TestUser::roster(seed, 3, &Auth::none())
                .iter()
                .map(|user| user.name().clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(1), names(1));
        assert_ne!(names(1), names(2));
    }
}
