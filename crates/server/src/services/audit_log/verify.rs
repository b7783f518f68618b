//! Checks the chains over audit logs.

use integrations_core::{
    audit_chain::{Finding, Head, Verifier},
    ids::{OrganizationId, kind},
};
use serde::Serialize;

use crate::{
    environment::first_id_at,
    store::{ChainEnds, Store, StoreError},
};

/// How many links are in memory at once.
const BATCH: u16 = 500;
/// How many findings of an organization are kept. More are counted.
const MOST_FINDINGS: usize = 100;

/// What came of checking an organization's audit log.
#[derive(Debug)]
pub struct ChainReport {
    /// The organization.
    pub organization: String,
    /// The last line of its chain: to be kept elsewhere.
    pub head: Head,
    /// The number up to which old events were removed; 0 if none were.
    pub removed_to: u64,
    /// How many lines were checked.
    pub checked: u64,
    /// How many events are not chained yet.
    pub not_chained_yet: u64,
    /// How many events are from before the chain, so that nothing covers them.
    pub before_the_chain: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub more_findings: u64,
}

impl ChainReport {
    /// Whether nothing is wrong.
    pub const fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    fn new(organization: String, head: Head, removed_to: u64) -> Self {
        Self {
            organization,
            head,
            removed_to,
            checked: 0,
            not_chained_yet: 0,
            before_the_chain: 0,
            findings: Vec::new(),
            more_findings: 0,
        }
    }

    fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            match self.findings.len() {
                MOST_FINDINGS.. => self.more_findings += 1,
                _ => self.findings.push(finding),
            }
        }
    }
}

/// The end of a chain, to be kept elsewhere.
#[derive(Clone, Debug, Serialize)]
pub struct ChainHead {
    /// The organization.
    pub organization: String,
    /// `NUMBER:HASH`
    pub head: String,
}

/// Chains could not be checked.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Old events went while the chain was read.
    #[error("old events of {0} were removed meanwhile, so what is missing cannot be told: run this again")]
    RemovedMeanwhile(String),
    /// What the expected head speaks of is there no more.
    #[error(
        "events up to number {removed_to} were removed as old, so a head with number {expected} cannot be compared: \
         keep a later one"
    )]
    ExpectedRemoved {
        /// The number of the expected head.
        expected: u64,
        /// Up to which number old events were removed.
        removed_to: u64,
    },
}

/// Checks the logs of all organizations, or of one, whose head may have been kept elsewhere.
pub(super) async fn verify(
    store: &Store,
    of: Option<OrganizationId>,
    expected: Option<Head>,
) -> Result<Vec<ChainReport>, VerifyError> {
    let chains = store.chains(of).await?;
    let mut reports = Vec::new();
    for chain in &chains {
        reports.push(follow(store, chain, expected).await?);
    }
    if let (Some(id), true) = (of, chains.is_empty()) {
        let mut nothing = ChainReport::new(id.to_string(), Head::NONE, 0);
        let none = Verifier::new(id.to_string(), Head::NONE, expected);
        nothing.add(none.end(Head::NONE));
        reports.push(nothing);
    }
    look_outside(store, &chains, of, &mut reports).await?;
    Ok(reports)
}

/// Follows a chain from its beginning to its end.
async fn follow(
    store: &Store,
    chain: &ChainEnds,
    expected: Option<Head>,
) -> Result<ChainReport, VerifyError> {
    let (organization, removed_to) = (chain.organization.as_str(), chain.begins_after.number);
    if let Some(expected) = expected.filter(|expected| expected.number < removed_to) {
        return Err(VerifyError::ExpectedRemoved { expected: expected.number, removed_to });
    }
    let mut report = ChainReport::new(organization.to_owned(), chain.head, removed_to);
    let mut verifier = Verifier::new(organization.to_owned(), chain.begins_after, expected);
    let mut is_second_look = false;
    let ends = loop {
        let links = store.links_after(organization, verifier.reached(), BATCH.into()).await?;
        if !links.is_empty() {
            is_second_look = false;
            report.checked += links.len() as u64;
            links.iter().for_each(|link| report.add(verifier.follow(link)));
            continue;
        }
        let ends = store.chain_ends(organization).await?;
        let head = ends.as_ref().map_or(Head::NONE, |ends| ends.head);
        // The chain may have grown since the last look.
        if is_second_look || head.number <= verifier.reached() {
            break ends;
        }
        is_second_look = true;
    };
    let (head, begins_after) = ends.map_or((Head::NONE, Head::NONE), |ends| (ends.head, ends.begins_after));
    if begins_after != chain.begins_after {
        return Err(VerifyError::RemovedMeanwhile(organization.to_owned()));
    }
    report.head = head;
    report.add(verifier.end(head));
    report.add(
        store.gone_before_chained(organization).await?.iter().map(|id| Finding::gone_before_chained(id)),
    );
    Ok(report)
}

/// Looks for events that are in no chain.
async fn look_outside(
    store: &Store,
    chains: &[ChainEnds],
    of: Option<OrganizationId>,
    reports: &mut Vec<ChainReport>,
) -> Result<(), VerifyError> {
    let of = of.map(|id| id.to_string());
    let mut after = String::new();
    loop {
        let events = store.whereabouts_after(&after, BATCH).await?;
        let Some(last) = events.last() else { return Ok(()) };
        after.clone_from(&last.id);
        for event in events {
            let id = &event.organization_id;
            if event.is_chained() || of.as_ref().is_some_and(|of| of != id) {
                continue;
            }
            let place = reports.iter().position(|report| report.organization == *id);
            let place = place.unwrap_or_else(|| {
                reports.push(ChainReport::new(id.clone(), Head::NONE, 0));
                reports.len() - 1
            });
            let chain = chains.iter().find(|chain| chain.organization == *id);
            // Without a chain, everything is from before it.
            let is_covered = chain.is_some_and(|chain| {
                event.id >= first_id_at::<kind::AuditEvent>(chain.covers_from).to_string()
            });
            let report = &mut reports[place];
            if event.is_waiting() {
                report.not_chained_yet += 1;
            } else if is_covered {
                report.add([Finding::outside(&event.id)]);
            } else {
                report.before_the_chain += 1;
            }
        }
    }
}
