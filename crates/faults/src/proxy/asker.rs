//! Who asks, as their token says it. Nobody here needs to know whether it is a good one: the backend judges that.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Uri};

/// Whether a key of the query holds a token.
pub(super) fn holds_a_token(name: &str) -> bool {
    matches!(name, "token" | "access_token" | "jwt" | "auth" | "authorization")
}

/// A part of a query as it is meant: `%3A` is a colon. What is no such code stays as it is.
pub(super) fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()).filter(|_| *first == b'%') {
            Some(meant) => {
                bytes.push(meant);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The `sub` of the request's token, wherever the token is.
pub(super) fn asker(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let bearer = || text("authorization")?.strip_prefix("Bearer ").map(str::to_owned);
    let offered = || {
        let encoded =
            text("sec-websocket-protocol")?.split(',').find_map(|name| name.trim().strip_prefix("jwt."))?;
        String::from_utf8(URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
    };
    let queried = || {
        let pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| holds_a_token(name)).map(|(_, token)| token.to_owned()).next()
    };
    let token = bearer().or_else(offered).or_else(queried)?;
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("sub")?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{asker, decoded};
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use http::Request;

    fn asked(request: http::request::Builder) -> Option<String> {
        let request = request.body(()).unwrap();
        asker(request.headers(), request.uri())
    }

    #[test]
    fn a_query_is_read_as_it_is_meant() {
        assert_eq!(decoded("resume=00ff%3A12"), "resume=00ff:12");
        assert_eq!(decoded("50%+x%3"), "50%+x%3");
    }

    #[test]
    fn the_subject_is_read_wherever_the_token_is() {
        let token = format!("e30.{}.x", URL_SAFE_NO_PAD.encode(r#"{"sub":"ann"}"#));
        let hidden = format!("goldenpath.v1, jwt.{}", URL_SAFE_NO_PAD.encode(&token));
        let header = Request::get("/ws").header("Authorization", format!("Bearer {token}"));
        assert_eq!(asked(header).as_deref(), Some("ann"));
        assert_eq!(
            asked(Request::get("/ws").header("Sec-WebSocket-Protocol", hidden)).as_deref(),
            Some("ann")
        );
        assert_eq!(asked(Request::get(format!("/ws?a=b&token={token}"))).as_deref(), Some("ann"));
        assert_eq!(asked(Request::get("/ws").header("Authorization", "Bearer nonsense")), None);
    }
}
