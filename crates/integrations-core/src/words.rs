//! Closed vocabularies: enums whose values are words. Each word is written once.

/// Defines an enum of words with `ALL`, `as_str`, `Display`, `FromStr`, serde and, with the feature `openapi` of this
/// crate, the schema. A crate that uses it depends on serde.
///
/// The schema of an `open enum` admits words that it does not list.
#[macro_export]
macro_rules! words {
    ($(#[doc = $doc:literal])+ $visibility:vis open enum $name:ident { $($body:tt)+ }) => {
        $crate::words!(@define $(#[doc = $doc])+ $visibility enum $name { $($body)+ });
        $crate::schema_of_words!($name, concat!($($doc),+), open_schema);
    };
    ($(#[doc = $doc:literal])+ $visibility:vis enum $name:ident { $($body:tt)+ }) => {
        $crate::words!(@define $(#[doc = $doc])+ $visibility enum $name { $($body)+ });
        $crate::schema_of_words!($name, concat!($($doc),+), schema);
    };
    (
        @define $(#[doc = $doc:literal])+
        $visibility:vis enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $(#[doc = $doc])+
        $visibility enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            /// Every value, in the order of declaration.
            $visibility const ALL: [Self; Self::WORDS.len()] = [$(Self::$variant),+];

            /// The word for this value, in the API and in the database.
            $visibility const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::words::UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let known = Self::ALL.into_iter().find(|value| value.as_str() == word);
                known.ok_or($crate::words::UnknownWord { expected: Self::WORDS })
            }
        }
    };
}

/// The schema of a vocabulary. A macro of its own, as a `cfg` within `words!` would ask for a feature of the crate that
/// uses it.
#[cfg(feature = "openapi")]
#[doc(hidden)]
#[macro_export]
macro_rules! schema_of_words {
    ($name:ident, $description:expr, $schema:ident) => {
        impl $crate::words::utoipa::PartialSchema for $name {
            fn schema() -> $crate::words::utoipa::openapi::RefOr<$crate::words::utoipa::openapi::Schema> {
                $crate::words::$schema($description, Self::WORDS)
            }
        }

        impl $crate::words::utoipa::ToSchema for $name {}
    };
}

/// Without the feature there is none.
#[cfg(not(feature = "openapi"))]
#[doc(hidden)]
#[macro_export]
macro_rules! schema_of_words {
    ($name:ident, $description:expr, $schema:ident) => {};
}

#[cfg(feature = "openapi")]
#[doc(hidden)]
pub use utoipa;
pub use words;

/// The schema of a vocabulary: a string that is one of `words`.
#[cfg(feature = "openapi")]
pub fn schema(description: &str, words: &[&'static str]) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some(description.trim()))
        .enum_values(Some(words.iter().copied()))
        .into()
}

/// The schema of a vocabulary that may grow: a string. The words of today are an annotation, so that clients made from
/// the schema bear others.
#[cfg(feature = "openapi")]
pub fn open_schema(
    description: &str,
    words: &[&'static str],
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    let description = format!(
        "{} The list may grow: treat a word that you do not know by the rest of the answer.",
        description.trim()
    );
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some(description))
        .extensions(Some([("x-extensible-enum", words.to_vec())].into_iter().collect()))
        .into()
}

/// The error for a word that is not in a vocabulary. It lists the words that are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Expected one of {}", .expected.join(", "))]
pub struct UnknownWord {
    /// Every word of the vocabulary.
    pub expected: &'static [&'static str],
}

#[cfg(test)]
mod tests {
    #![expect(unreachable_pub, reason = "vocabularies are public")]

    use serde_json::json;

    words! {
        /// Sizes.
        pub enum Size {
            /// S
            Small = "small",
            /// L
            Large = "LARGE",
        }
    }

    #[test]
    fn a_word_reads_and_writes_as_itself() {
        assert_eq!(Size::ALL, [Size::Small, Size::Large]);
        for size in Size::ALL {
            assert_eq!(size.to_string(), size.as_str());
            assert_eq!(size.as_str().parse(), Ok(size));
            assert_eq!(serde_json::to_value(size).unwrap(), json!(size.as_str()));
            assert_eq!(serde_json::from_value::<Size>(json!(size.as_str())).unwrap(), size);
        }
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn the_schema_of_an_open_vocabulary_admits_other_words() {
        let schema = serde_json::to_value(super::open_schema(" Sizes.", &["small", "LARGE"])).unwrap();
        assert_eq!(schema["x-extensible-enum"], json!(["small", "LARGE"]));
        assert_eq!((schema.get("enum"), &schema["type"]), (None, &json!("string")));
    }

    #[cfg(feature = "openapi")]
    #[test]
    fn the_schema_names_every_word() {
        let schema = serde_json::to_value(<Size as utoipa::PartialSchema>::schema()).unwrap();
        assert_eq!(schema, json!({"type": "string", "description": "Sizes.", "enum": ["small", "LARGE"]}));
    }

    #[test]
    fn an_unknown_word_is_refused_with_the_choices() {
        let refusal = "large".parse::<Size>().unwrap_err();
        assert_eq!(refusal.to_string(), "Expected one of small, LARGE");
    }
}
