//! What actions need of the rest of the file.

use std::collections::BTreeMap;

use crate::catalog::convert::settings::{Declared, SettingKind};
use crate::catalog::probe::{AuthRequest, RateLimit};
use crate::catalog::scope::Names;
use crate::settings::SettingsSchema;

/// What the rest of the file says, as far as actions need it.
pub(in crate::catalog::convert) struct Rest<'a> {
    pub(in crate::catalog::convert) provider: &'a str,
    pub(in crate::catalog::convert) names: &'a Names<'a>,
    pub(in crate::catalog::convert) auth_request: &'a AuthRequest,
    pub(in crate::catalog::convert) rate_limit: &'a RateLimit,
    pub(in crate::catalog::convert) settings: &'a [Declared],
    pub(in crate::catalog::convert) schema: Option<&'a SettingsSchema>,
    /// The stored values that count where none is given.
    pub(in crate::catalog::convert) defaults: BTreeMap<String, String>,
    /// Whether examples are tried.
    pub(in crate::catalog::convert) tries_examples: bool,
}

impl Rest<'_> {
    /// Checks that a setting exists, has one of these types, and is not retired. The error is a sentence.
    pub(super) fn check_setting(&self, key: &str, kinds: &[SettingKind]) -> Result<(), String> {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        let setting = setting.ok_or_else(|| format!("there is no setting `{key}`"))?;
        if kinds.contains(&setting.kind) {
            return Ok(());
        }
        let words: Vec<&str> = kinds.iter().map(|kind| kind.words()).collect();
        Err(format!("the setting `{key}` must be {}", words.join(" or ")))
    }
}
