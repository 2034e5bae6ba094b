//! Where a request carries its token, and what else its query may say.
//!
//! `Authorization: Bearer <JWT>`, or for browsers `Sec-WebSocket-Protocol: goldenpath.v1, jwt.<base64url(JWT)>`.
//! Never the query: URLs end up in logs, histories and referrers.

use super::Refused;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::{ClientId, ResumePoint, SUBPROTOCOL};
use http::header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL};
use http::{HeaderMap, StatusCode};
use std::fmt;

/// Query keys that carry credentials elsewhere; refused whatever they hold.
const FORBIDDEN_KEYS: [&str; 5] = ["token", "access_token", "jwt", "auth", "authorization"];

/// What a request presents. The token is not verified yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Presented {
    /// The token, as sent.
    pub token: String,
    /// Whether `goldenpath.v1` was offered as subprotocol; then, and only then, the answer echoes it.
    pub subprotocol: bool,
    /// The client's lasting name for itself.
    pub client_id: Option<ClientId>,
    /// Where the client left its stream.
    pub resume: Option<ResumePoint>,
}

impl fmt::Debug for Presented {
    // By hand: the token must never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presented")
            .field("subprotocol", &self.subprotocol)
            .field("client_id", &self.client_id)
            .field("resume", &self.resume)
            .finish_non_exhaustive()
    }
}

/// A request was refused for what it presents; `Display` is safe to send.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// No token, not exactly one, or one in a place where tokens are not taken.
    #[error("{0}")]
    Unauthorized(Refused),
    /// The query says something that is not understood.
    #[error("{0}")]
    BadQuery(String),
    /// Nobody could look, for a reason on our side: the operator reads which, the sender does not.
    #[error("the credential could not be checked")]
    Unchecked(String),
    /// Nobody can look for now, though soon somebody will: the issuer's keys cannot be read, and this token needs them.
    #[error("the credential cannot be checked now")]
    Unavailable(String),
}

impl CredentialError {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::BadQuery(_) => StatusCode::BAD_REQUEST,
            Self::Unchecked(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `code` of the answer's body.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized(_) => "unauthorized",
            Self::BadQuery(_) => "bad_request",
            Self::Unchecked(_) => "internal",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

impl From<Refused> for CredentialError {
    fn from(refused: Refused) -> Self {
        Self::Unauthorized(refused)
    }
}

/// Reads credentials from requests.
#[derive(Debug)]
pub struct Credential;

impl Credential {
    /// What a request presents in its headers and query (the part after `?`, still encoded).
    ///
    /// # Errors
    /// [`CredentialError`] says how to answer. A token in the query comes first, then a missing token, then the
    /// rest of the query: only who shows a token learns which keys exist.
    pub fn from_request(headers: &HeaderMap, query: Option<&str>) -> Result<Presented, CredentialError> {
        let query: Vec<(String, String)> =
            url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        let forbidden = |key: &str| {
            FORBIDDEN_KEYS.into_iter().any(|forbidden| key.trim().eq_ignore_ascii_case(forbidden))
        };
        if query.iter().any(|(key, _)| forbidden(key)) {
            return Err(Refused::because("credential in the query").into());
        }
        let offered = Offered::from_headers(headers)?;
        let token = match (bearer(headers)?, offered.token) {
            (Some(token), None) | (None, Some(token)) => token,
            (None, None) => return Err(Refused::because("no token").into()),
            (Some(_), Some(_)) => return Err(Refused::because("two tokens").into()),
        };
        let mut presented = Presented { token, subprotocol: offered.protocol, client_id: None, resume: None };
        for (key, value) in &query {
            presented.take(key, value).map_err(CredentialError::BadQuery)?;
        }
        Ok(presented)
    }
}

impl Presented {
    fn take(&mut self, key: &str, value: &str) -> Result<(), String> {
        let twice = match key {
            "client_id" => self.client_id.replace(client_id(value)?).is_some(),
            "resume" => {
                let point = value.parse::<ResumePoint>().map_err(|error| error.to_string())?;
                self.resume.replace(point).is_some()
            }
            other => {
                let shown: String = other.chars().take(40).collect();
                return Err(format!("unknown query key `{shown}` (valid: `client_id`, `resume`)"));
            }
        };
        if twice { Err(format!("query key `{key}` is given twice")) } else { Ok(()) }
    }
}

/// One spelling per client, or a tab could hold two places under one name.
fn client_id(value: &str) -> Result<ClientId, String> {
    match uuid::Uuid::try_parse(value) {
        Ok(id) if !id.is_nil() => Ok(ClientId::from(id)),
        _ => Err("`client_id` is no UUID (hint: make one per tab and keep it)".to_owned()),
    }
}

/// The token of the one `Authorization` header, if there is one.
fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refused> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Refused::because("two `authorization` headers"));
    }
    let text = value.to_str().map_err(|_| Refused::because("`authorization` is no ASCII"))?;
    match text.trim().split_once(' ') {
        // RFC 7235: the scheme's case does not matter.
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
            Ok(Some(token.trim().to_owned()))
        }
        _ => Err(Refused::because("`authorization` is no bearer token")),
    }
}

/// What the client offers as subprotocols.
struct Offered {
    protocol: bool,
    token: Option<String>,
}

impl Offered {
    fn from_headers(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut offered = Self { protocol: false, token: None };
        for value in headers.get_all(SEC_WEBSOCKET_PROTOCOL) {
            let text = value.to_str().map_err(|_| Refused::because("a subprotocol is no ASCII"))?;
            for name in text.split(',').map(str::trim) {
                if name == SUBPROTOCOL {
                    offered.protocol = true;
                } else if let Some(encoded) = name.strip_prefix("jwt.") {
                    let token =
                        decode(encoded).ok_or(Refused::because("a `jwt.` subprotocol is no base64url"))?;
                    if offered.token.replace(token).is_some() {
                        return Err(Refused::because("two tokens"));
                    }
                }
            }
        }
        // The token must not be echoed, so there would be nothing to select and browsers would hang up.
        if offered.token.is_some() && !offered.protocol {
            return Err(Refused::because("a `jwt.` subprotocol without `goldenpath.v1`"));
        }
        Ok(offered)
    }
}

fn decode(encoded: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok().filter(|token| !token.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Credential, CredentialError, Presented};
    use crate::auth::Refused;
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::header::{AUTHORIZATION, HeaderName, SEC_WEBSOCKET_PROTOCOL};
    use http::{HeaderMap, HeaderValue, StatusCode};

    const TAB: &str = "7e3b8d0c-6f1f-4a55-9d0a-1d2b3c4d5e6f";

    fn request(headers: &[(HeaderName, &str)], query: Option<&str>) -> Result<Presented, CredentialError> {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .fold(HeaderMap::new(), |mut map, (name, value)| {
                map.append(name, value);
                map
            });
        Credential::from_request(&headers, query)
    }

    fn with_bearer(query: Option<&str>) -> Result<Presented, CredentialError> {
        request(&[(AUTHORIZATION, "Bearer a.b.c")], query)
    }

    fn unauthorized(answer: Result<Presented, CredentialError>) -> &'static str {
        let error = answer.unwrap_err();
        assert_eq!(error.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(error.to_string(), Refused::PUBLIC_TEXT);
        match error {
            CredentialError::Unauthorized(refused) => refused.cause(),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_bearer_header_presents_its_token() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c "] {
            let presented = request(&[(AUTHORIZATION, value)], None).unwrap();
            assert_eq!((presented.token.as_str(), presented.subprotocol), ("a.b.c", false), "{value}");
        }
    }

    #[test]
    fn a_subprotocol_presents_its_token_and_asks_for_the_echo() {
        let token = URL_SAFE_NO_PAD.encode("a.b.c");
        let one = format!("goldenpath.v1, jwt.{token}");
        let presented = request(&[(SEC_WEBSOCKET_PROTOCOL, &one)], None).unwrap();
        assert_eq!((presented.token.as_str(), presented.subprotocol), ("a.b.c", true));
        let split = format!("jwt.{token}");
        let lines = [(SEC_WEBSOCKET_PROTOCOL, split.as_str()), (SEC_WEBSOCKET_PROTOCOL, "goldenpath.v1")];
        assert_eq!(request(&lines, None).unwrap(), presented, "two lines mean the same as one");
    }

    #[test]
    fn a_header_beside_the_offered_protocol_is_echoed_too() {
        let lines = [(AUTHORIZATION, "Bearer a.b.c"), (SEC_WEBSOCKET_PROTOCOL, "other, goldenpath.v1")];
        assert!(request(&lines, None).unwrap().subprotocol);
        let lines = [(AUTHORIZATION, "Bearer a.b.c"), (SEC_WEBSOCKET_PROTOCOL, "other")];
        assert!(!request(&lines, None).unwrap().subprotocol);
    }

    #[test]
    fn anything_but_one_token_is_unauthorized() {
        let token = URL_SAFE_NO_PAD.encode("a.b.c");
        let jwt = format!("goldenpath.v1, jwt.{token}");
        assert_eq!(unauthorized(request(&[], None)), "no token");
        assert_eq!(
            unauthorized(request(&[(AUTHORIZATION, "Bearer a.b.c"), (SEC_WEBSOCKET_PROTOCOL, &jwt)], None)),
            "two tokens"
        );
        assert_eq!(
            unauthorized(request(&[(SEC_WEBSOCKET_PROTOCOL, &format!("{jwt}, jwt.{token}"))], None)),
            "two tokens"
        );
        for value in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c", "Bearera.b.c"] {
            unauthorized(request(&[(AUTHORIZATION, value)], None));
        }
        unauthorized(request(&[(AUTHORIZATION, "Bearer a"), (AUTHORIZATION, "Bearer a")], None));
        let alone = format!("jwt.{token}");
        for offered in
            [alone.as_str(), "goldenpath.v1, jwt.", "goldenpath.v1, jwt.%%", "goldenpath.v1, jwt.YQ=="]
        {
            unauthorized(request(&[(SEC_WEBSOCKET_PROTOCOL, offered)], None));
        }
    }

    #[test]
    fn a_credential_in_the_query_is_refused_whatever_it_holds() {
        for query in ["token=a.b.c", "access_token=", "jwt", "client_id=x&auth=1", "authorization=x&foo=1"] {
            assert_eq!(unauthorized(with_bearer(Some(query))), "credential in the query", "{query}");
            assert_eq!(unauthorized(request(&[], Some(query))), "credential in the query", "{query}");
        }
        for query in ["Token=a", "%74oken=a", "ACCESS_TOKEN=a", "token%20=a"] {
            unauthorized(with_bearer(Some(query)));
        }
    }

    #[test]
    fn client_id_and_resume_are_read() {
        let query = format!("client_id={}&resume=00ff%3A12", TAB.to_uppercase());
        let presented = with_bearer(Some(&query)).unwrap();
        assert_eq!(presented.client_id.unwrap().as_str(), TAB, "one spelling per client");
        let resume = presented.resume.unwrap();
        assert_eq!((resume.epoch.as_str(), resume.offset), ("00ff", 12));
        let nothing = with_bearer(Some("")).unwrap();
        assert_eq!((nothing.client_id, nothing.resume), (None, None));
    }

    #[test]
    fn what_the_query_must_not_say_is_a_bad_request() {
        let twice = format!("client_id={TAB}&client_id={TAB}");
        for query in [
            "foo=1",
            "Client_id=1",
            "client_id=me",
            "client_id=",
            "client_id=00000000-0000-0000-0000-000000000000",
            "resume=",
            "resume=12",
            "resume=null:1",
            "resume=ff:-1",
            "resume=ff:99999999999999999999",
            "resume=ff:1&resume=ff:1",
            &twice,
        ] {
            let error = with_bearer(Some(query)).unwrap_err();
            assert_eq!((error.status(), error.code()), (StatusCode::BAD_REQUEST, "bad_request"), "{query}");
        }
        assert_eq!(unauthorized(request(&[], Some("foo=1"))), "no token", "strangers learn no keys");
    }

    #[test]
    fn debug_never_shows_the_token() {
        let shown = format!("{:?}", with_bearer(None).unwrap());
        assert!(!shown.contains("a.b.c"), "{shown}");
    }
}
