//! What all pages of a visit share.

use integrations_core::{ids::OrganizationId, rights::Reach, scope::RequiredScope};
use time::OffsetDateTime;

use crate::{dashboard::addresses::Addresses, edge::brand::Look, program::OperatorCommands, store::Known};

/// What all pages of a visit share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    /// Makes links.
    pub(crate) addresses: &'a Addresses,
    /// The token with which every form proves that it belongs to this visit.
    pub(crate) csrf: &'a str,
    /// Who is signed in.
    pub(crate) who: Option<&'a Known>,
    /// The organization that they work on.
    pub(crate) organization: Option<OrganizationId>,
    /// Whether that is a person, who may have roles in several organizations, and not a key.
    pub(crate) is_person: bool,
    /// The operator's commands.
    pub(crate) operator: &'a OperatorCommands,
    /// Whose page it is.
    pub(crate) face: Face<'a>,
    /// The time from which others are told.
    pub(crate) now: OffsetDateTime,
    /// Whether the database may be a copy of another one, so that renewals rest.
    pub(crate) is_quiet: bool,
}

/// Whose page it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Face<'a> {
    /// One of this server's, for those who work with it.
    Dashboard,
    /// One that customers see, with the brand of those who sent them here.
    Customer(&'a Look),
}

impl<'a> Frame<'a> {
    /// The frame of a page without forms and times, for whoever it is.
    pub(crate) const fn of_nobody(addresses: &'a Addresses, operator: &'a OperatorCommands) -> Self {
        let face = Face::Customer(&Look::NEUTRAL);
        let now = OffsetDateTime::UNIX_EPOCH;
        let (who, organization, is_person) = (None, None, false);
        Self { addresses, csrf: "", who, organization, is_person, operator, face, now, is_quiet: false }
    }

    /// Whether it is a page that customers see.
    pub(crate) const fn is_for_customers(&self) -> bool {
        matches!(self.face, Face::Customer(_))
    }

    /// Whether who is signed in may do what needs a scope. What needs another one is not shown.
    pub(crate) fn may(&self, required: RequiredScope) -> bool {
        self.who.is_some_and(|who| who.rights.cover(required))
    }

    /// The same for what concerns the whole organization, which a key that is bound to projects may not do.
    pub(crate) fn may_in_whole_organization(&self, required: RequiredScope) -> bool {
        self.may(required) && self.who.is_some_and(|who| who.rights.reach == Reach::Organization)
    }
}
