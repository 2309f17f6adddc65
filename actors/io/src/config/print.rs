//! The configuration as people read it.

use std::time::Duration;

use serde::Serialize;
use toml::{Table, Value};

const MASK: &str = "***";
/// Endings of keys whose values are secrets.
const SECRET: [&str; 5] = ["secret", "token", "password", "credentials", "private_key"];

/// A configuration as TOML that could be given as file: secrets masked, durations as `30s`.
#[must_use]
pub fn print(config: &impl Serialize) -> String {
    match Table::try_from(config) {
        Ok(mut table) => {
            for (key, value) in &mut table {
                for_people(key, value);
            }
            table.to_string()
        }
        Err(error) => format!("# cannot be shown: {error}\n"),
    }
}

/// Masks secrets, and writes durations as `30s`.
fn for_people(key: &str, value: &mut Value) {
    if SECRET.iter().any(|end| key.to_ascii_lowercase().ends_with(end)) {
        *value = Value::String(MASK.to_owned());
        return;
    }
    if let Some(duration) = as_duration(value) {
        *value = Value::String(super::duration::write(duration));
        return;
    }
    match value {
        Value::String(text) => mask_credentials(text),
        Value::Array(values) => values.iter_mut().for_each(|value| for_people(key, value)),
        Value::Table(table) => {
            for (key, value) in table.iter_mut() {
                for_people(key, value);
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// serde's form of a duration.
fn as_duration(value: &Value) -> Option<Duration> {
    let table = value.as_table().filter(|table| table.len() == 2)?;
    let seconds = u64::try_from(table.get("secs")?.as_integer()?).ok()?;
    let nanos = u32::try_from(table.get("nanos")?.as_integer()?).ok()?;
    Some(Duration::new(seconds, nanos))
}

/// `scheme://user:password@host` loses what is before the `@`.
fn mask_credentials(text: &mut String) {
    let Some(start) = text.find("://").map(|at| at + 3) else { return };
    let authority = text[start..].find(['/', '?', '#']).map_or(text.len(), |end| start + end);
    if let Some(at) = text[start..authority].rfind('@') {
        text.replace_range(start..start + at, MASK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_at_any_depth() {
        let mut value: Value = toml::from_str(
            "name = 'laptop'\n[a]\nAPI_TOKEN = 'x'\nlist = [{ password = 'y' }]\nurl = 's3://me:pw@host/b@c'\n",
        )
        .map(Value::Table)
        .expect("TOML");
        for_people("", &mut value);
        let shown = value.to_string();
        for secret in ["'x'", "\"x\"", "\"y\"", "me:pw"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("laptop") && shown.contains("s3://***@host/b@c"), "{shown}");
    }
}
