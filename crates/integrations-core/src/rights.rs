//! Rights: what a key or a person may do, and in which projects. Nobody grants rights that they do not hold.

use crate::{
    ids::ProjectId,
    scope::{RequiredScope, Scope, any_covers},
};

/// The projects of an organization in which rights hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of them, later ones included.
    Organization,
    /// These alone. If none of them is left, the rights hold nowhere.
    Projects(Vec<ProjectId>),
}

impl Reach {
    /// Whether it includes a project of the organization.
    pub fn includes(&self, project: ProjectId) -> bool {
        match self {
            Self::Organization => true,
            Self::Projects(projects) => projects.contains(&project),
        }
    }

    /// Whether it includes everything that `other` does.
    pub fn includes_all(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Organization, _) => true,
            (Self::Projects(_), Self::Organization) => false,
            (held, Self::Projects(projects)) => projects.iter().all(|project| held.includes(*project)),
        }
    }

    /// What both include.
    pub fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Organization, reach) | (reach, Self::Organization) => reach.clone(),
            (Self::Projects(projects), held) => {
                Self::Projects(projects.iter().copied().filter(|project| held.includes(*project)).collect())
            }
        }
    }
}

/// What a key or a person may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    /// What they may do.
    pub scopes: Vec<Scope>,
    /// Where.
    pub reach: Reach,
}

/// Rights that go beyond those of who grants them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// A scope that the granter does not hold.
    #[error("the scope {0} goes beyond your own scopes")]
    Scope(Scope),
    /// Projects in which the granter has no rights.
    #[error("the projects go beyond your own")]
    Reach,
}

impl Rights {
    /// Everything in the whole organization.
    pub fn everything() -> Self {
        Self { scopes: vec![Scope::ADMIN], reach: Reach::Organization }
    }

    /// Whether they cover a scope. In which projects is another question.
    pub fn cover(&self, required: RequiredScope) -> bool {
        any_covers(&self.scopes, required)
    }

    /// Whether they allow in a project what needs a scope.
    pub fn allow(&self, required: RequiredScope, project: ProjectId) -> bool {
        self.cover(required) && self.reach.includes(project)
    }

    /// Returns an error if `granted` goes beyond these rights.
    ///
    /// A scope on every resource is granted only by one on every resource, even if scopes on all the resources of today
    /// are held: it will cover the resources of tomorrow too.
    pub fn may_grant(&self, granted: &Self) -> Result<(), Excess> {
        let beyond = granted.scopes.iter().find(|scope| !self.hold(**scope));
        match beyond {
            Some(scope) => Err(Excess::Scope(*scope)),
            None if !self.reach.includes_all(&granted.reach) => Err(Excess::Reach),
            None => Ok(()),
        }
    }

    /// What both allow: for a key that acts for somebody, whose own rights may have become fewer.
    pub fn and(&self, other: &Self) -> Self {
        let pairs = self.scopes.iter().flat_map(|one| other.scopes.iter().map(|two| one.and(*two)));
        let mut scopes: Vec<Scope> = Vec::new();
        for scope in pairs.flatten() {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        Self { scopes, reach: self.reach.and(&other.reach) }
    }

    /// Whether they include all that a scope covers, so that it can be granted.
    pub fn hold(&self, scope: Scope) -> bool {
        self.scopes.iter().any(|held| held.includes(scope))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::scope::{Level, Resource};

    fn scope() -> impl Strategy<Value = Scope> {
        (prop::option::of(select(Resource::ALL.to_vec())), select(Level::ALL.to_vec()))
            .prop_map(|(resource, level)| Scope { resource, level })
    }

    fn reach() -> impl Strategy<Value = Reach> {
        prop_oneof![
            Just(Reach::Organization),
            vec((0..4_u128).prop_map(ProjectId::from_bits), 0..4).prop_map(Reach::Projects),
        ]
    }

    fn rights() -> impl Strategy<Value = Rights> {
        (vec(scope(), 0..4), reach()).prop_map(|(scopes, reach)| Rights { scopes, reach })
    }

    fn allows(rights: &Rights, resource: Resource, level: Level, project: u128) -> bool {
        rights.cover(RequiredScope { resource, level })
            && rights.reach.includes(ProjectId::from_bits(project))
    }

    fn everything_that_can_be_asked() -> impl Iterator<Item = (Resource, Level, u128)> {
        Resource::ALL.into_iter().flat_map(|resource| {
            Level::ALL
                .into_iter()
                .flat_map(move |level| (0..5).map(move |project| (resource, level, project)))
        })
    }

    #[test]
    fn scopes_on_all_resources_of_today_do_not_grant_one_on_every_resource() {
        let all = Resource::ALL.map(|resource| Scope { resource: Some(resource), level: Level::Admin });
        let held = Rights { scopes: all.to_vec(), reach: Reach::Organization };
        assert_eq!(held.may_grant(&Rights::everything()), Err(Excess::Scope(Scope::ADMIN)));
    }

    #[test]
    fn rights_in_no_project_left_hold_nowhere() {
        let bound = Rights { scopes: vec![Scope::ADMIN], reach: Reach::Projects(Vec::new()) };
        assert!(everything_that_can_be_asked().all(|(r, l, p)| !allows(&bound, r, l, p)));
        let whole = Rights { scopes: Vec::new(), reach: Reach::Organization };
        assert_eq!(bound.may_grant(&whole), Err(Excess::Reach));
    }

    proptest! {
        #[test]
        fn what_is_granted_never_allows_what_the_granter_may_not(held in rights(), granted in rights()) {
            if held.may_grant(&granted).is_ok() {
                for (resource, level, project) in everything_that_can_be_asked() {
                    prop_assert!(
                        !allows(&granted, resource, level, project) || allows(&held, resource, level, project)
                    );
                }
            }
        }

        #[test]
        fn both_rights_together_allow_what_each_allows(one in rights(), two in rights()) {
            let both = one.and(&two);
            for (resource, level, project) in everything_that_can_be_asked() {
                prop_assert_eq!(
                    allows(&both, resource, level, project),
                    allows(&one, resource, level, project) && allows(&two, resource, level, project)
                );
            }
            prop_assert_eq!(one.may_grant(&both), Ok(()));
            prop_assert_eq!(two.may_grant(&both), Ok(()));
        }
    }
}
