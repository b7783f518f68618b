//! Roles: what a person may do in an organization.

use crate::{
    scope::{Level, Resource, Scope},
    words::words,
};

words! {
    /// What a person may do in an organization. Each role includes those before it.
    pub enum Role {
        /// See everything, and change nothing.
        Viewer = "viewer",
        /// Also connect, change and use integrations, and create projects.
        Operator = "operator",
        /// Also approve what waits for a person, and decide who else may.
        Approver = "approver",
        /// Everything, keys, OAuth apps and roles included.
        Admin = "admin",
    }
}

impl Role {
    /// The scopes that a person with this role holds.
    pub const fn scopes(self) -> &'static [Scope] {
        const READ: Scope = Scope { resource: None, level: Level::Read };
        const WRITE: Scope = Scope { resource: None, level: Level::Write };
        const APPROVALS: Scope = Scope { resource: Some(Resource::Approvals), level: Level::Admin };
        match self {
            Self::Viewer => &[READ],
            Self::Operator => &[WRITE],
            Self::Approver => &[WRITE, APPROVALS],
            Self::Admin => &[Scope::ADMIN],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{RequiredScope, any_covers};

    #[test]
    fn each_role_includes_those_before_it_and_holds_more() {
        for pair in Role::ALL.windows(2) {
            let [less, more] = pair else { panic!() };
            let (less, more) = (less.scopes(), more.scopes());
            assert!(less.iter().all(|scope| more.iter().any(|held| held.includes(*scope))));
            assert!(!more.iter().all(|scope| less.iter().any(|held| held.includes(*scope))));
        }
    }

    #[test]
    fn only_approvers_and_admins_approve_and_only_admins_grant_keys() {
        let may = |required| Role::ALL.map(|role| any_covers(role.scopes(), required));
        assert_eq!(may(RequiredScope::APPROVALS_ADMIN), [false, false, true, true]);
        assert_eq!(may(RequiredScope::KEYS_ADMIN), [false, false, false, true]);
        assert_eq!(may(RequiredScope::OAUTH_APPS_ADMIN), [false, false, false, true]);
        assert_eq!(may(RequiredScope::INTEGRATIONS_WRITE), [false, true, true, true]);
        assert_eq!(may(RequiredScope::AUDIT_READ), [true; 4]);
    }
}
