//! Who asks: where a request carries its token, whether the token holds, and which key says so.
//!
//! `now` is a parameter, and a refusal is a value. Whatever is wrong with a token, the one who sent it reads one text
//! ([`Refused::PUBLIC_TEXT`]); the cause is for the operator's log. The rules of a token stand in one place
//! ([`TokenVerifier`]), whoever its issuer is; what an issuer elsewhere publishes is read by [`JwksAuthenticator`].

mod authenticator;
mod credential;
mod documents;
mod jwks;
mod key_set;
mod revocations;
pub mod secret;
mod token;

pub use authenticator::{Authenticated, Authenticator};
pub use credential::{Credential, CredentialError, Presented};
pub use documents::DocumentError;
pub use jwks::{JwksAuthenticator, JwksSettings};
pub use key_set::{KeySet, KeySetError};
pub use revocations::{Hearing, Revocations};
pub use token::{Claims, Refused, TokenVerifier};
