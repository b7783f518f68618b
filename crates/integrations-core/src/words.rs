//! Closed vocabularies: an enum whose values are words, each of them written once.

/// Defines an enum of words with `ALL`, `as_str`, `Display`, `FromStr`, serde and, with the feature `openapi`, the
/// schema.
macro_rules! words {
    (
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal),+ $(,)? }
    ) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $(#[doc = $doc])+
        pub enum $name { $($(#[$variant_meta])* #[serde(rename = $word)] $variant),+ }

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            /// Every value, in the order of declaration.
            pub const ALL: [Self; Self::WORDS.len()] = [$(Self::$variant),+];

            /// The word that stands for this value, on the wire and in storage.
            pub const fn as_str(self) -> &'static str {
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

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                $crate::words::schema(concat!($($doc),+), Self::WORDS)
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}
    };
}

pub(crate) use words;

/// The schema of a vocabulary.
#[cfg(feature = "openapi")]
pub(crate) fn schema(
    description: &str,
    words: &[&'static str],
) -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .description(Some(description.trim()))
        .enum_values(Some(words.iter().copied()))
        .into()
}

/// A word that is not in its vocabulary; says which ones are.
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
