//! Messages after a change. A word in the address says which message the next page shows.

use integrations_core::{catalog::ProviderAccount, webhook::WebhookStatus, words::words};

words! {
    /// What was just done. Its word stands in the address. Other words are ignored, so an address cannot make a page
    /// say anything else.
    pub(crate) enum Flash {
        /// Connected, or connected again.
        Connected = "connected",
        /// An installation was abandoned, and nothing was changed.
        Kept = "kept",
        /// Paused.
        Paused = "paused",
        /// Resumed.
        Resumed = "resumed",
        /// Checked, with any result.
        Checked = "checked",
        /// Name and sidebar were saved.
        Details = "details",
        /// The settings were saved.
        Settings = "settings",
        /// The permissions were saved.
        Permissions = "permissions",
        /// Disconnected.
        Disconnected = "disconnected",
        /// Disconnected, and the provider is asked to revoke the access.
        DisconnectedRevoking = "disconnected_revoking",
    }
}

impl Flash {
    /// The message, for an account of a provider.
    pub(crate) fn words(self, account: &ProviderAccount) -> String {
        match self {
            Self::Connected => format!("{} is connected.", account.label()),
            Self::Kept => "Nothing was changed.".to_owned(),
            Self::Paused => "Paused. Nothing is used until you resume it.".to_owned(),
            Self::Resumed => "Resumed.".to_owned(),
            Self::Checked => "Checked. The result is below.".to_owned(),
            Self::Details => "The details are saved.".to_owned(),
            Self::Settings => "The settings are saved.".to_owned(),
            Self::Permissions => "The permissions are saved.".to_owned(),
            Self::Disconnected => {
                let provider = &account.provider.name;
                format!("Disconnected. Remember to revoke the access at {provider} as well.")
            }
            Self::DisconnectedRevoking => "Disconnected. What came of revoking is below.".to_owned(),
        }
    }
}

words! {
    /// What was just done to a project or an API key. Its word stands in the address, like that of a [`Flash`].
    pub(crate) enum OwnedFlash {
        /// The project was created.
        Created = "created",
        /// It was changed.
        Changed = "changed",
        /// The project was archived.
        Archived = "archived",
        /// The project was brought back.
        Restored = "restored",
        /// The key was revoked.
        Revoked = "revoked",
    }
}

impl OwnedFlash {
    /// Whether a page can say it of a project as it is now. An address alone makes no page say what is not so.
    pub(crate) const fn is_of_project(self, is_archived: bool) -> bool {
        match self {
            Self::Created | Self::Restored => !is_archived,
            Self::Archived => is_archived,
            Self::Changed => true,
            Self::Revoked => false,
        }
    }

    /// The same for an API key.
    pub(crate) const fn is_of_key(self, is_revoked: bool) -> bool {
        match self {
            Self::Changed => true,
            Self::Revoked => is_revoked,
            Self::Created | Self::Archived | Self::Restored => false,
        }
    }

    /// The message.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Created => "The project is created. Its integrations are the next step.",
            Self::Changed => "The changes are saved.",
            Self::Archived => "The project is archived.",
            Self::Restored => "The project is back, with everything in it.",
            Self::Revoked => "The key is revoked.",
        }
    }
}

words! {
    /// What was just done to a webhook or its deliveries. Its word stands in the address, like that of a [`Flash`].
    pub(crate) enum WebhookFlash {
        /// It was changed.
        Changed = "changed",
        /// It was switched on.
        Enabled = "enabled",
        /// It was switched off.
        Disabled = "disabled",
        /// It was deleted.
        Deleted = "deleted",
        /// Messages are sent again.
        SentAgain = "again",
        /// There was nothing to send again.
        Nothing = "nothing",
    }
}

impl WebhookFlash {
    /// Whether the page of a webhook can say it of one that is as it is now.
    pub(crate) fn is_of_webhook(self, status: WebhookStatus) -> bool {
        match self {
            Self::Changed => true,
            Self::Enabled => status == WebhookStatus::Active,
            Self::Disabled => status == WebhookStatus::Disabled,
            Self::Deleted | Self::SentAgain | Self::Nothing => false,
        }
    }

    /// Whether the pages of its deliveries can say it.
    pub(crate) const fn is_of_deliveries(self) -> bool {
        matches!(self, Self::SentAgain | Self::Nothing)
    }

    /// The message.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Changed => "The changes are saved.",
            Self::Enabled => "The webhook is on. What waited is sent in order, or was dropped as you chose.",
            Self::Disabled => "The webhook is off. What happens from now on waits.",
            Self::Deleted => "The webhook is deleted.",
            Self::SentAgain => "It is sent again. The list of deliveries shows what comes of it.",
            Self::Nothing => {
                "There is nothing to send again: it waits to be sent anyway, or nothing was missed."
            }
        }
    }
}

words! {
    /// What was just done to what verifies a provider's events. Its word stands in the address, like that of a
    /// [`Flash`].
    pub(crate) enum EventsFlash {
        /// The secret was saved.
        Saved = "saved",
        /// The provider's first request is waited for.
        Waiting = "waiting",
    }
}

impl EventsFlash {
    /// The message.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Saved => "The secret is saved, and counts from now on.",
            Self::Waiting => "The first request is waited for. Enter the address at the provider now.",
        }
    }
}
