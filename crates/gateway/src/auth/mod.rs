//! Who asks: where a request carries its token, whether the token holds, and which key says so.
//!
//! No clock and no socket here: `now` is a parameter, and a refusal is a value. Whatever is wrong with a
//! token, the one who sent it reads one text ([`Refused::PUBLIC_TEXT`]); the cause is for the operator's log.

mod authenticator;
mod credential;
pub mod secret;
mod token;

pub use authenticator::{Authenticated, Authenticator};
pub use credential::{Credential, CredentialError, Presented};
pub use token::{Claims, Refused, TokenVerifier};
