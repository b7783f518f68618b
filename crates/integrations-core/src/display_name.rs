//! The name of an integration, given by a person or taken from its account.

use serde_json::Value;

/// The most characters that a display name may have.
pub const MAX_DISPLAY_NAME: usize = 100;

/// Reads a display name: `null`, or one line of 1 to [`MAX_DISPLAY_NAME`] characters.
pub fn read_display_name(value: Value) -> Result<Option<String>, String> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) if name.trim().is_empty() => {
            Err("Must not be blank; null removes the override".into())
        }
        Value::String(name) if name.chars().count() > MAX_DISPLAY_NAME => {
            Err(format!("Must have {MAX_DISPLAY_NAME} characters or fewer"))
        }
        Value::String(name) if name.chars().any(char::is_control) => {
            Err("Must not contain control characters".into())
        }
        Value::String(name) => Ok(Some(name)),
        _ => Err("Expected string or null".into()),
    }
}
