//! The parameters of a request, each at most once (RFC 6749, 3.1 and 3.2).

use crate::answers::OAuthError;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::collections::HashMap;
use std::fmt;

/// Parameters by name. Their values may be secrets, so `Debug` shows names only.
pub(crate) struct Form(HashMap<String, String>);

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// The parameters of a posted form.
    pub(crate) fn posted(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        if media_type(headers) != "application/x-www-form-urlencoded" {
            return Err(OAuthError::invalid_request("the body is no `application/x-www-form-urlencoded`"));
        }
        Self::parsed(body)
    }

    /// The parameters of a posted form, or of a flat JSON object of texts.
    pub(crate) fn posted_or_json(headers: &HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        if media_type(headers) != "application/json" {
            return Self::posted(headers, body);
        }
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| OAuthError::invalid_request("the body is no object of texts"))
    }

    /// The parameters of a query.
    pub(crate) fn query(query: Option<&str>) -> Result<Self, OAuthError> {
        Self::parsed(query.unwrap_or_default().as_bytes())
    }

    fn parsed(bytes: &[u8]) -> Result<Self, OAuthError> {
        let mut form = HashMap::new();
        for (key, value) in url::form_urlencoded::parse(bytes) {
            let twice = form.insert(key.clone().into_owned(), value.into_owned()).is_some();
            if twice {
                let key: String = key.chars().take(40).collect();
                return Err(OAuthError::invalid_request(format!("`{key}` is given twice")));
            }
        }
        // A parameter without a value is as one that is not there.
        form.retain(|_, value| !value.is_empty());
        Ok(Self(form))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    pub(crate) fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name).ok_or_else(|| OAuthError::invalid_request(format!("`{name}` is missing")))
    }
}

fn media_type(headers: &HeaderMap) -> String {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
