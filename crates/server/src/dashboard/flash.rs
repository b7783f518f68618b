//! Messages after a change. A word in the address says which message the next page shows.

/// What was just done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flash {
    /// Connected, or connected again.
    Connected,
    /// An installation was abandoned, and nothing was changed.
    Kept,
    /// Paused.
    Paused,
    /// Resumed.
    Resumed,
    /// Checked, with any result.
    Checked,
    /// Name and sidebar were saved.
    Details,
    /// The settings were saved.
    Settings,
    /// The permissions were saved.
    Permissions,
    /// Disconnected.
    Disconnected,
}

impl Flash {
    const ALL: [Self; 9] = [
        Self::Connected,
        Self::Kept,
        Self::Paused,
        Self::Resumed,
        Self::Checked,
        Self::Details,
        Self::Settings,
        Self::Permissions,
        Self::Disconnected,
    ];

    /// Its word in the address. Other words are ignored, so an address cannot make a page say anything else.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Kept => "kept",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Checked => "checked",
            Self::Details => "details",
            Self::Settings => "settings",
            Self::Permissions => "permissions",
            Self::Disconnected => "disconnected",
        }
    }

    /// The one with this word.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|flash| flash.as_str() == word)
    }

    /// The message, for a provider of this name.
    pub(crate) fn words(self, provider: &str) -> String {
        match self {
            Self::Connected => format!("{provider} is connected."),
            Self::Kept => "Nothing was changed.".to_owned(),
            Self::Paused => "Paused. Nothing is used until you resume it.".to_owned(),
            Self::Resumed => "Resumed.".to_owned(),
            Self::Checked => "Checked. The result is below.".to_owned(),
            Self::Details => "The details are saved.".to_owned(),
            Self::Settings => "The settings are saved.".to_owned(),
            Self::Permissions => "The permissions are saved.".to_owned(),
            Self::Disconnected => {
                format!("Disconnected. Remember to revoke the access at {provider} as well.")
            }
        }
    }
}
