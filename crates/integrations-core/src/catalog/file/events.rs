//! The shape of `[events]`.

use serde::Deserialize;

#[cfg(feature = "openapi")]
use super::OneOrMore;
use super::one_or_more;
use crate::catalog::names::{
    AddressOf, Encoding, Handshake, SecretSource, SignatureForm, SignatureScheme, TimeUnit,
};

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct EventsTable {
    pub(in crate::catalog) none: Option<String>,
    pub(in crate::catalog) address: Option<AddressOf>,
    pub(in crate::catalog) documentation_url: Option<String>,
    pub(in crate::catalog) page: Option<String>,
    pub(in crate::catalog) enter: Option<String>,
    pub(in crate::catalog) window: Option<String>,
    pub(in crate::catalog) repeats_within: Option<String>,
    pub(in crate::catalog) answer_within: Option<String>,
    pub(in crate::catalog) max_bytes: Option<usize>,
    pub(in crate::catalog) taken_status: Option<u16>,
    pub(in crate::catalog) refused_status: Option<u16>,
    pub(in crate::catalog) never_again_status: Option<u16>,
    #[serde(default)]
    pub(in crate::catalog) handshakes: Vec<Handshake>,
    #[serde(default)]
    pub(in crate::catalog) pings: Vec<String>,
    pub(in crate::catalog) form_field: Option<String>,
    pub(in crate::catalog) batch: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) headers: Vec<String>,
    pub(in crate::catalog) body_signed: Option<bool>,
    pub(in crate::catalog) secret: Option<SecretTable>,
    pub(in crate::catalog) signature: Option<SignatureTable>,
    pub(in crate::catalog) fields: Option<EventFieldsTable>,
    #[serde(default)]
    pub(in crate::catalog) ends_access: Vec<AccessEndTable>,
    #[serde(default)]
    pub(in crate::catalog) also_disconnected: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct SecretTable {
    pub(in crate::catalog) source: SecretSource,
    pub(in crate::catalog) former_setting: Option<String>,
    pub(in crate::catalog) label: Option<String>,
    pub(in crate::catalog) help: Option<String>,
    pub(in crate::catalog) page: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) chosen_here: bool,
    #[serde(default)]
    pub(in crate::catalog) prefix: String,
    pub(in crate::catalog) encoding: Option<Encoding>,
    pub(in crate::catalog) bytes: Option<usize>,
    pub(in crate::catalog) pattern: Option<String>,
    pub(in crate::catalog) mismatch: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) hints: Vec<HintTable>,
    pub(in crate::catalog) pointer: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct HintTable {
    pub(in crate::catalog) begins: String,
    pub(in crate::catalog) say: String,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct SignatureTable {
    pub(in crate::catalog) scheme: SignatureScheme,
    pub(in crate::catalog) header: Option<String>,
    pub(in crate::catalog) form: Option<SignatureForm>,
    pub(in crate::catalog) prefix: Option<String>,
    pub(in crate::catalog) version: Option<String>,
    pub(in crate::catalog) encoding: Option<Encoding>,
    pub(in crate::catalog) signs: Option<String>,
    pub(in crate::catalog) id: Option<String>,
    pub(in crate::catalog) time: Option<String>,
    pub(in crate::catalog) unit: Option<TimeUnit>,
    pub(in crate::catalog) token: Option<String>,
    #[serde(default)]
    pub(in crate::catalog) signatures: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields, default)]
pub(in crate::catalog) struct EventFieldsTable {
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) id: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) dedupe: Vec<String>,
    #[serde(rename = "type", deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) kind: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) type_detail: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) time: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) account: Vec<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) parent_account: Vec<String>,
    pub(in crate::catalog) account_suffix: Option<String>,
    #[serde(deserialize_with = "one_or_more")]
    #[cfg_attr(feature = "openapi", schema(value_type = OneOrMore))]
    pub(in crate::catalog) attempt: Vec<String>,
    pub(in crate::catalog) first_attempt: Option<u32>,
}

#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub(in crate::catalog) struct AccessEndTable {
    #[serde(rename = "type")]
    pub(in crate::catalog) kind: String,
    pub(in crate::catalog) needs: Option<String>,
}
