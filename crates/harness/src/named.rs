//! The backend that somebody named in the environment, by the variables that the command reads too.
//!
//! `GOLDENPATH_TARGET` is its address. Tokens are minted where a key is at hand: the variable named by
//! `GOLDENPATH_TARGET__AUTH__KEY_ENV`, the file named by `…__KEY_FILE`, or `GOLDENPATH_JWT_SECRET`.

use crate::{Auth, MintSettings, Minter, Placement, Target};
use std::path::Path;

/// The variable that the reference backend reads its key from.
const SECRET: &str = "GOLDENPATH_JWT_SECRET";

/// A backend, and how to be let in.
#[derive(Debug, Clone)]
pub struct NamedTarget {
    /// Where it is.
    pub target: Target,
    /// How tokens are had.
    pub auth: Auth,
}

/// Variables that name no backend that could be driven.
#[derive(Debug, thiserror::Error)]
#[error("failed to use the variable `{variable}`: {why}")]
pub struct NamedTargetError {
    /// Which variable.
    pub variable: &'static str,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

fn refuse<E: std::fmt::Display>(variable: &'static str) -> impl Fn(E) -> NamedTargetError {
    move |why| NamedTargetError { variable, why: why.to_string() }
}

impl NamedTarget {
    /// The backend that the variables speak of, as `lookup` gives them; `None` when they name none.
    ///
    /// # Errors
    /// When a variable is wrong, or tokens are to be minted and no key is at hand.
    pub fn find(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, NamedTargetError> {
        const TARGET: &str = "GOLDENPATH_TARGET";
        const CA_FILE: &str = "GOLDENPATH_TARGET__CA_FILE";
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let Some(url) = set(TARGET) else { return Ok(None) };
        let mut target = Target::new(url.trim()).map_err(refuse(TARGET))?;
        if let Some(file) = set(CA_FILE) {
            target = target.with_ca_file(Path::new(&file)).map_err(refuse(CA_FILE))?;
        }
        Ok(Some(Self { target, auth: auth(&set)? }))
    }
}

fn auth(set: &dyn Fn(&str) -> Option<String>) -> Result<Auth, NamedTargetError> {
    const MODE: &str = "GOLDENPATH_TARGET__AUTH__MODE";
    const PLACEMENT: &str = "GOLDENPATH_TARGET__AUTH__PLACEMENT";
    let key = key(set)?;
    let auth = match (set(MODE).as_deref(), key) {
        (Some("none"), _) | (None, None) => Auth::none(),
        (Some("mint") | None, Some(key)) => Auth::mint(minter(set, &key)?),
        (Some("mint"), None) => {
            return Err(refuse(MODE)(format!("`mint` needs a key (hint: `{SECRET}`)")));
        }
        (Some(other), _) => return Err(refuse(MODE)(format!("it is `{other}`; valid are `mint`, `none`"))),
    };
    let Some(name) = set(PLACEMENT) else { return Ok(auth) };
    match Placement::ALL.iter().find(|(known, _)| *known == name) {
        Some((_, placement)) => Ok(auth.placed(*placement)),
        None => {
            let valid = Placement::ALL.map(|(known, _)| format!("`{known}`")).join(", ");
            Err(refuse(PLACEMENT)(format!("it is `{name}`; valid are {valid}")))
        }
    }
}

fn key(set: &dyn Fn(&str) -> Option<String>) -> Result<Option<Vec<u8>>, NamedTargetError> {
    const KEY_ENV: &str = "GOLDENPATH_TARGET__AUTH__KEY_ENV";
    const KEY_FILE: &str = "GOLDENPATH_TARGET__AUTH__KEY_FILE";
    if let Some(name) = set(KEY_ENV) {
        let key = set(&name).ok_or_else(|| refuse(KEY_ENV)(format!("`{name}` is not set")))?;
        return Ok(Some(key.into_bytes()));
    }
    if let Some(file) = set(KEY_FILE) {
        let key = std::fs::read(&file)
            .map_err(|why| refuse(KEY_FILE)(format!("failed to read `{file}`: {why}")))?;
        return Ok(Some(key.trim_ascii().to_vec()));
    }
    Ok(set(SECRET).map(String::into_bytes))
}

fn minter(set: &dyn Fn(&str) -> Option<String>, key: &[u8]) -> Result<Minter, NamedTargetError> {
    const ALG: &str = "GOLDENPATH_TARGET__AUTH__ALG";
    let mut settings = MintSettings::default();
    if let Some(alg) = set(ALG) {
        settings.alg = MintSettings::algorithm(&alg).map_err(refuse(ALG))?;
    }
    settings.kid = set("GOLDENPATH_TARGET__AUTH__KID");
    settings.issuer = set("GOLDENPATH_TARGET__AUTH__ISSUER").unwrap_or(settings.issuer);
    settings.audience = set("GOLDENPATH_TARGET__AUTH__AUDIENCE").unwrap_or(settings.audience);
    Minter::new(settings, key).map_err(refuse(ALG))
}

#[cfg(test)]
mod tests {
    use super::NamedTarget;

    fn find(variables: &[(&str, &str)]) -> Result<Option<NamedTarget>, String> {
        let lookup =
            |name: &str| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        NamedTarget::find(lookup).map_err(|why| why.to_string())
    }

    #[test]
    fn nothing_named_is_no_error() {
        assert!(find(&[]).unwrap().is_none());
        assert!(find(&[("GOLDENPATH_TARGET", " ")]).unwrap().is_none());
    }

    #[test]
    fn tokens_are_minted_where_a_key_is_at_hand() {
        let target = ("GOLDENPATH_TARGET", "ws://127.0.0.1:9/ws");
        let mode = |variables: &[(&str, &str)]| find(variables).unwrap().unwrap().auth.mode.name();
        assert_eq!(mode(&[target]), "none");
        assert_eq!(mode(&[target, ("GOLDENPATH_JWT_SECRET", "a key")]), "mint");
        let none = ("GOLDENPATH_TARGET__AUTH__MODE", "none");
        assert_eq!(mode(&[target, ("GOLDENPATH_JWT_SECRET", "a key"), none]), "none");
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        let target = ("GOLDENPATH_TARGET", "ws://127.0.0.1:9/ws");
        for (variables, words) in [
            (vec![("GOLDENPATH_TARGET", "http://x/")], "valid are `ws` and `wss`"),
            (vec![target, ("GOLDENPATH_TARGET__AUTH__MODE", "mint")], "GOLDENPATH_JWT_SECRET"),
            (vec![target, ("GOLDENPATH_TARGET__AUTH__MODE", "oauth")], "valid are `mint`, `none`"),
            (vec![target, ("GOLDENPATH_TARGET__AUTH__KEY_ENV", "KEY")], "`KEY` is not set"),
            (vec![target, ("GOLDENPATH_TARGET__AUTH__PLACEMENT", "cookie")], "`subprotocol`"),
        ] {
            let said = find(&variables).unwrap_err();
            assert!(said.contains(words), "{said}");
        }
    }
}
