//! JSON that is passed on without being parsed.

use std::{fmt, marker::PhantomData, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::value::RawValue;

/// A `T` as JSON text.
///
/// The server sends stored JSON without parsing and writing it again. A client parses it when it needs the value.
/// Clones share the text.
pub struct RawJson<T> {
    text: Arc<RawValue>,
    holds: PhantomData<fn() -> T>,
}

impl<T> RawJson<T> {
    /// Takes a text, which must be JSON.
    pub fn from_text(text: String) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text).map(Self::from)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.text.get()
    }
}

impl<T: Serialize> RawJson<T> {
    /// Writes a value as JSON.
    pub fn write(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self::from)
    }
}

impl<T: DeserializeOwned> RawJson<T> {
    /// Parses the value.
    pub fn read(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.text.get())
    }
}

impl<T> Default for RawJson<T> {
    /// JSON's `null`.
    fn default() -> Self {
        RawValue::NULL.to_owned().into()
    }
}

impl<T> From<Box<RawValue>> for RawJson<T> {
    fn from(text: Box<RawValue>) -> Self {
        Self { text: text.into(), holds: PhantomData }
    }
}

impl<T> Clone for RawJson<T> {
    fn clone(&self) -> Self {
        Self { text: Arc::clone(&self.text), holds: PhantomData }
    }
}

impl<T> fmt::Debug for RawJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text.get())
    }
}

/// Compares the texts, with their whitespace.
impl<T> PartialEq for RawJson<T> {
    fn eq(&self, other: &Self) -> bool {
        self.text.get() == other.text.get()
    }
}

impl<T> Serialize for RawJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for RawJson<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(Self::from)
    }
}
