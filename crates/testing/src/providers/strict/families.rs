//! Families of tokens. A family is all the tokens that come from one consent by refreshes.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// All families, by number.
pub struct Families {
    token_life: Duration,
    families: Vec<Mutex<Family>>,
}

struct Family {
    /// When each generation of tokens was issued. Only the last generation's refresh token works.
    issued: Vec<Instant>,
    counts: Counts,
    revoked: bool,
    last_probe: Instant,
    longest_gap: Duration,
}

/// The numbers of requests, by kind and result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Refresh tokens that were exchanged.
    pub refreshes: u64,
    /// Refresh tokens that were sent again after they were exchanged. Each of them ended its family.
    pub double_refreshes: u64,
    /// Refresh tokens of families that had ended, or of no family.
    pub refused_refreshes: u64,
    /// Probes with a valid access token.
    pub probes: u64,
    /// Probes with an access token that has expired, or whose family has ended.
    pub refused_probes: u64,
}

/// A pair of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    /// The access token, for probes until it expires.
    pub access_token: String,
    /// The refresh token, which can be exchanged for the next pair once.
    pub refresh_token: String,
}

/// The state of a family.
#[derive(Clone, Copy, Debug)]
pub struct FamilyState {
    /// How often its refresh token was exchanged.
    pub generation: usize,
    /// Whether it has ended.
    pub revoked: bool,
    /// The longest time without a probe, from [`Families::watch`] until now.
    pub longest_gap: Duration,
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.refreshes += other.refreshes;
        self.double_refreshes += other.double_refreshes;
        self.refused_refreshes += other.refused_refreshes;
        self.probes += other.probes;
        self.refused_probes += other.refused_probes;
    }
}

impl Families {
    /// Makes `count` families. Each has its first pair of tokens, issued now.
    pub fn new(count: usize, token_life: Duration) -> Self {
        let now = Instant::now();
        let family = || Family {
            issued: vec![now],
            counts: Counts::default(),
            revoked: false,
            last_probe: now,
            longest_gap: Duration::ZERO,
        };
        Self { token_life, families: (0..count).map(|_| Mutex::new(family())).collect() }
    }

    /// The number of families.
    pub fn size(&self) -> usize {
        self.families.len()
    }

    /// The lifetime of an access token.
    pub fn token_life(&self) -> Duration {
        self.token_life
    }

    /// A family's first pair of tokens. The lifetime of its access token begins now.
    pub fn first_tokens(&self, family: usize) -> Tokens {
        if let Some(mut state) = self.family(family) {
            state.issued = vec![Instant::now()];
        }
        tokens(family, 0)
    }

    /// Begins to measure the time between two probes.
    pub fn watch(&self) {
        let now = Instant::now();
        for family in &self.families {
            let mut family = lock(family);
            (family.last_probe, family.longest_gap) = (now, Duration::ZERO);
        }
    }

    /// Exchanges a refresh token. `None` if it is refused. A token that was exchanged before ends its family.
    pub fn refresh(&self, token: &str) -> Option<Tokens> {
        let (number, generation) = read("refresh", token)?;
        let mut family = self.family(number)?;
        let current = family.issued.len() - 1;
        if family.revoked || generation > current {
            family.counts.refused_refreshes += 1;
            None
        } else if generation < current {
            family.counts.double_refreshes += 1;
            family.revoked = true;
            None
        } else {
            family.counts.refreshes += 1;
            family.issued.push(Instant::now());
            Some(tokens(number, current + 1))
        }
    }

    /// Counts a probe, and returns whether its access token works.
    pub fn probe(&self, token: &str) -> bool {
        let Some((number, generation)) = read("access", token) else { return false };
        let Some(mut family) = self.family(number) else { return false };
        let now = Instant::now();
        family.longest_gap = family.longest_gap.max(now - family.last_probe);
        family.last_probe = now;
        let works = family.accepts(generation, self.token_life);
        if works {
            family.counts.probes += 1;
        } else {
            family.counts.refused_probes += 1;
        }
        works
    }

    /// Whether an access token works. Nothing is counted.
    pub(super) fn accept(&self, token: &str) -> bool {
        let Some((number, generation)) = read("access", token) else { return false };
        self.family(number).is_some_and(|family| family.accepts(generation, self.token_life))
    }

    /// The sums over all families.
    pub fn counts(&self) -> Counts {
        let mut sum = Counts::default();
        self.families.iter().for_each(|family| sum.add(&lock(family).counts));
        sum
    }

    /// The state of each family, by number.
    pub fn states(&self) -> Vec<FamilyState> {
        let now = Instant::now();
        let state = |family: &Mutex<Family>| {
            let family = lock(family);
            FamilyState {
                generation: family.issued.len() - 1,
                revoked: family.revoked,
                longest_gap: family.longest_gap.max(now - family.last_probe),
            }
        };
        self.families.iter().map(state).collect()
    }

    fn family(&self, number: usize) -> Option<MutexGuard<'_, Family>> {
        self.families.get(number).map(lock)
    }
}

impl Family {
    /// Whether the access token of a generation works.
    fn accepts(&self, generation: usize, life: Duration) -> bool {
        !self.revoked && self.issued.get(generation).is_some_and(|issued| issued.elapsed() < life)
    }
}

fn lock(family: &Mutex<Family>) -> MutexGuard<'_, Family> {
    family.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tokens(family: usize, generation: usize) -> Tokens {
    let token = |kind: &str| format!("{kind}-{family}-{generation}");
    Tokens { access_token: token("access"), refresh_token: token("refresh") }
}

/// The family and the generation of a token of this kind.
fn read(kind: &str, token: &str) -> Option<(usize, usize)> {
    let (family, generation) = token.strip_prefix(kind)?.strip_prefix('-')?.split_once('-')?;
    Some((family.parse().ok()?, generation.parse().ok()?))
}

/// The generation of a refresh token.
pub fn generation_of(refresh_token: &str) -> Option<usize> {
    read("refresh", refresh_token).map(|(_, generation)| generation)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(600);

    #[test]
    fn a_refresh_token_works_once_and_its_access_tokens_for_their_time() {
        let families = Families::new(2, LIFE);
        let first = families.first_tokens(1);
        let second = families.refresh(&first.refresh_token).unwrap();
        assert_ne!(first, second);
        assert!(families.probe(&first.access_token) && families.probe(&second.access_token));
        assert_eq!(families.counts(), Counts { refreshes: 1, probes: 2, ..Counts::default() });
        assert_eq!(families.states()[1].generation, 1);
        assert_eq!(generation_of(&second.refresh_token), Some(1));
    }

    #[test]
    fn a_second_use_ends_the_family_for_good() {
        let families = Families::new(2, LIFE);
        let (first, bystander) = (families.first_tokens(0), families.first_tokens(1));
        let second = families.refresh(&first.refresh_token).unwrap();
        assert_eq!(families.refresh(&first.refresh_token), None);
        assert!(!families.probe(&second.access_token) && families.states()[0].revoked);
        assert_eq!(families.refresh(&second.refresh_token), None);
        assert!(families.probe(&bystander.access_token));
        let counts =
            Counts { refreshes: 1, double_refreshes: 1, refused_refreshes: 1, probes: 1, refused_probes: 1 };
        assert_eq!(families.counts(), counts);
    }

    #[test]
    fn an_access_token_expires() {
        let families = Families::new(1, Duration::ZERO);
        assert!(!families.probe(&families.first_tokens(0).access_token));
    }

    #[test]
    fn what_it_never_gave_out_is_refused() {
        let families = Families::new(1, LIFE);
        for token in ["", "access-0-0", "refresh-0-1", "refresh-1-0", "refresh-0-", "refresh-0-0-0"] {
            assert_eq!(families.refresh(token), None, "{token}");
        }
        for token in ["", "refresh-0-0", "access-0-1", "access-9-0"] {
            assert!(!families.probe(token), "{token}");
        }
        assert_eq!(families.counts().double_refreshes, 0);
    }
}
