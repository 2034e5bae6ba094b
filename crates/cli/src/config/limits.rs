//! Limits by check id, from the configuration or from a file of their own (`check --slo`).

use crate::exit::CommandError;
use crate::nearest::nearest;
use goldenpath_checkers::CHECKS;
use std::collections::BTreeMap;
use std::path::Path;

/// Refuses ids that are none, limits of checks that have none, and numbers that limit nothing.
pub(super) fn check(limits: &BTreeMap<String, f64>) -> Result<(), String> {
    for (id, limit) in limits {
        let info = CHECKS.iter().find(|info| info.id == id).ok_or_else(|| {
            let near = nearest(id, CHECKS.iter().map(|info| info.id));
            let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
            format!("unknown check `{id}` in `[limits]`{hint}")
        })?;
        if info.limit.is_none() {
            return Err(format!("`{id}` has no limit: it is kept or broken"));
        }
        if !limit.is_finite() || *limit < 0.0 {
            return Err(format!("`{limit}` limits nothing (`{id}` takes a number from 0 up)"));
        }
    }
    Ok(())
}

/// The limits of `golden-path` (none differ) or of a TOML file, in `[limits]` or at its top.
pub(crate) fn limits_of(slo: &str) -> Result<BTreeMap<String, f64>, CommandError> {
    if slo == "golden-path" {
        return Ok(BTreeMap::new());
    }
    let path = Path::new(slo);
    let refuse = |why: String| CommandError::Usage(format!("failed to read the limits from `{slo}`: {why}"));
    let text = std::fs::read_to_string(path)
        .map_err(|why| refuse(format!("{why} (hint: `golden-path`, or a file of limits by check id)")))?;
    let table: toml::Table = text.parse().map_err(|why: toml::de::Error| refuse(why.to_string()))?;
    let table = match table.get("limits") {
        Some(toml::Value::Table(inner)) => inner.clone(),
        _ => table,
    };
    let limits: BTreeMap<String, f64> =
        toml::Value::Table(table).try_into().map_err(|why: toml::de::Error| refuse(why.to_string()))?;
    check(&limits).map_err(refuse)?;
    Ok(limits)
}
