//! Who may decide on an approval: never who asked, in whatever form.

use std::collections::BTreeSet;

use super::approval::Deciders;
use crate::ids::{ApiKeyId, UserId};
use crate::principal::Principal;

/// Where an API key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyOrigin {
    /// The key.
    pub id: ApiKeyId,
    /// Who made it. `None`: the operator, for nobody knows whom.
    pub made_by: Option<Principal>,
    /// The key that it replaces.
    pub replaces: Option<ApiKeyId>,
    /// The person for whom it acts.
    pub acts_for: Option<UserId>,
}

/// Rights that somebody gave: a role, or what a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who gave them.
    pub by: Principal,
    /// Who got them.
    pub to: Principal,
}

/// The question who may decide on an approval.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// Who called the action.
    pub asked_by: Principal,
    /// Who decides. They hold `approvals:admin`.
    pub decides: Principal,
    /// Who may decide in the project.
    pub deciders: Deciders,
    /// The keys of the organization.
    pub keys: &'a [KeyOrigin],
    /// The rights that were given in the organization since the asking, in their order.
    pub grants: &'a [Grant],
}

/// Why somebody may not decide, and who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApprover {
    /// API keys do not decide in this project.
    #[error(
        "In this project only signed-in people decide on approvals, and no API keys; its approval policy says so. A \
         person with the role approver or admin may decide on the page of the approval"
    )]
    Key,
    /// They are, or come from, who asked.
    #[error(
        "Nobody decides on what they asked for themselves: not the key that asked, not its rotations, not a key that \
         it made or that has the same maker, and not the person behind it. Another person with the role approver or \
         admin may"
    )]
    Related,
    /// It is not known which person is behind one of the two.
    #[error(
        "It is not known which person is behind this API key and which is behind the one that asked, so it could be \
         the same. A signed-in person with the role approver or admin may decide"
    )]
    Unknown,
    /// They got rights by or through who asked, since then.
    #[error(
        "The rights to decide were given or changed since it was asked, by or through who asked. Somebody who had \
         them before may decide"
    )]
    Favoured,
}

/// Everybody from whom a principal comes, itself included.
#[derive(Debug, Default)]
struct Lineage {
    members: BTreeSet<Principal>,
    /// Whether somebody is missing in it: where a key comes from is not known.
    is_open: bool,
}

impl Question<'_> {
    /// Whether they may decide.
    pub fn answer(&self) -> Result<(), NotApprover> {
        let is_key = matches!(self.decides, Principal::ApiKey(_));
        if is_key && self.deciders == Deciders::People {
            return Err(NotApprover::Key);
        }
        let (asker, decider) = (self.lineage(self.asked_by), self.lineage(self.decides));
        if !asker.members.is_disjoint(&decider.members) {
            return Err(NotApprover::Related);
        }
        if is_key && (asker.is_open || decider.is_open) {
            return Err(NotApprover::Unknown);
        }
        if !self.favoured(&asker).is_disjoint(&decider.members) {
            return Err(NotApprover::Favoured);
        }
        Ok(())
    }

    /// Who got rights since the asking by who asked, or by somebody who had got rights so.
    fn favoured(&self, asker: &Lineage) -> BTreeSet<Principal> {
        let mut favoured = BTreeSet::new();
        for grant in self.grants {
            let giver = self.lineage(grant.by).members;
            if !giver.is_disjoint(&asker.members) || !giver.is_disjoint(&favoured) {
                favoured.insert(grant.to);
            }
        }
        favoured
    }

    fn lineage(&self, of: Principal) -> Lineage {
        let mut lineage = Lineage::default();
        let mut next = vec![of];
        while let Some(principal) = next.pop() {
            if !lineage.members.insert(principal) {
                continue;
            }
            let Principal::ApiKey(id) = principal else { continue };
            let Some(key) = self.keys.iter().find(|key| key.id == id) else {
                lineage.is_open = true;
                continue;
            };
            let person = key.acts_for.map(Principal::User);
            let from = [key.made_by, key.replaces.map(Principal::ApiKey), person];
            // Nothing says where the key comes from.
            lineage.is_open |= from.iter().all(Option::is_none);
            next.extend(from.into_iter().flatten());
        }
        lineage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u128) -> ApiKeyId {
        ApiKeyId::from_bits(number)
    }

    fn by_key(number: u128) -> Principal {
        Principal::ApiKey(key(number))
    }

    fn person(number: u128) -> Principal {
        Principal::User(UserId::from_bits(number))
    }

    fn made(number: u128, made_by: Option<Principal>) -> KeyOrigin {
        KeyOrigin { id: key(number), made_by, replaces: None, acts_for: None }
    }

    /// Ada (1) made 10, and 10 made 11, which made 12. 13 replaces 10, by Bo (2). Bo made 20. The operator made 30 and
    /// 31, and 30 made 32. 40 acts for Ada, and 41 for Cy (3).
    fn keys() -> Vec<KeyOrigin> {
        vec![
            made(10, Some(person(1))),
            made(11, Some(by_key(10))),
            made(12, Some(by_key(11))),
            KeyOrigin { replaces: Some(key(10)), ..made(13, Some(person(2))) },
            made(20, Some(person(2))),
            made(30, None),
            made(31, None),
            made(32, Some(by_key(30))),
            KeyOrigin { acts_for: Some(UserId::from_bits(1)), ..made(40, Some(person(1))) },
            KeyOrigin { acts_for: Some(UserId::from_bits(3)), ..made(41, None) },
        ]
    }

    fn answer(
        asked_by: Principal,
        decides: Principal,
        deciders: Deciders,
        grants: &[(Principal, Principal)],
    ) -> Result<(), NotApprover> {
        let grants: Vec<Grant> = grants.iter().map(|(by, to)| Grant { by: *by, to: *to }).collect();
        Question { asked_by, decides, deciders, keys: &keys(), grants: &grants }.answer()
    }

    #[test]
    fn nobody_decides_on_what_they_asked_for() {
        use NotApprover::{Related, Unknown};
        for (asked_by, decides, expected) in [
            // The key itself, its rotation, what it made, the person behind it, and that person's other keys.
            (by_key(10), by_key(10), Err(Related)),
            (by_key(10), by_key(13), Err(Related)),
            (by_key(13), by_key(10), Err(Related)),
            (by_key(10), by_key(11), Err(Related)),
            (by_key(10), by_key(12), Err(Related)),
            (by_key(12), by_key(10), Err(Related)),
            (by_key(10), person(1), Err(Related)),
            (by_key(12), person(1), Err(Related)),
            (by_key(12), by_key(40), Err(Related)),
            (person(1), person(1), Err(Related)),
            (person(1), by_key(12), Err(Related)),
            // Whoever rotated a key has had it in hand.
            (by_key(13), person(2), Err(Related)),
            (by_key(13), by_key(20), Err(Related)),
            // Another person, and a key of theirs.
            (by_key(10), person(2), Ok(())),
            (by_key(10), by_key(20), Ok(())),
            (by_key(10), by_key(41), Ok(())),
            (person(1), by_key(20), Ok(())),
            // Nobody knows who is behind a key that the operator made.
            (by_key(30), by_key(31), Err(Unknown)),
            (by_key(30), by_key(20), Err(Unknown)),
            (by_key(20), by_key(30), Err(Unknown)),
            (by_key(32), by_key(20), Err(Unknown)),
            (by_key(32), by_key(30), Err(Related)),
            (by_key(99), by_key(20), Err(Unknown)),
            (by_key(30), person(1), Ok(())),
            (by_key(99), person(1), Ok(())),
        ] {
            let found = answer(asked_by, decides, Deciders::PeopleAndKeys, &[]);
            assert_eq!(found, expected, "{decides} on what {asked_by} asked");
        }
    }

    #[test]
    fn keys_decide_only_where_the_project_says_so() {
        assert_eq!(answer(by_key(10), by_key(20), Deciders::People, &[]), Err(NotApprover::Key));
        assert_eq!(answer(by_key(10), by_key(41), Deciders::People, &[]), Err(NotApprover::Key));
        assert_eq!(answer(by_key(10), person(2), Deciders::People, &[]), Ok(()));
    }

    #[test]
    fn rights_that_came_from_who_asked_do_not_count() {
        let favoured = Err(NotApprover::Favoured);
        let (ada, bo, cy) = (person(1), person(2), person(3));
        for (asked_by, decides, grants, expected) in [
            // By the person behind the key, by the key, and by a key that it made.
            (by_key(10), bo, vec![(ada, bo)], favoured),
            (by_key(10), bo, vec![(by_key(10), bo)], favoured),
            (by_key(10), bo, vec![(by_key(12), bo)], favoured),
            (by_key(10), by_key(20), vec![(by_key(11), by_key(20))], favoured),
            // To the person behind the key that decides.
            (by_key(10), by_key(20), vec![(ada, bo)], favoured),
            // Through somebody else.
            (by_key(10), bo, vec![(ada, cy), (cy, bo)], favoured),
            (by_key(10), bo, vec![(ada, cy), (by_key(41), bo)], favoured),
            // By others, or to others, or before they got anything.
            (by_key(10), bo, vec![(cy, bo)], Ok(())),
            (by_key(10), bo, vec![(ada, cy)], Ok(())),
            (by_key(10), bo, vec![(cy, bo), (ada, cy)], Ok(())),
        ] {
            let found = answer(asked_by, decides, Deciders::PeopleAndKeys, &grants);
            assert_eq!(found, expected, "{decides} on what {asked_by} asked, with {grants:?}");
        }
    }
}
