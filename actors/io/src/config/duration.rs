//! Durations as people write them, below the key `limits`.

use std::time::Duration;

use figment::Figment;
use figment::providers::Serialized;
use figment::value::Value;

/// Replaces every text below `limits` by the duration that it says: no limit is a text.
pub(super) fn read(figment: Figment) -> Result<Figment, String> {
    let Ok(Value::Dict(_, limits)) = figment.find_value("limits") else { return Ok(figment) };
    let mut figment = figment;
    for (name, value) in limits {
        if let Value::String(_, text) = value {
            let duration = humantime::parse_duration(text.trim())
                .map_err(|error| format!("limits.{name}: {text:?} is not a duration like 500ms or 30s: {error}"))?;
            figment = figment.merge(Serialized::default(&format!("limits.{name}"), duration));
        }
    }
    Ok(figment)
}

/// A duration as it is written: `1m 30s`.
pub(super) fn write(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
