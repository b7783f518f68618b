//! The search for providers by words that people type.

use std::borrow::Cow;

use strsim::osa_distance;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::{Category, ProviderKey};

/// The fewest letters of a word that may be misspelt: shorter ones would fit nearly everything.
const SHORTEST_MISSPELT: usize = 4;
/// The most letters of a word in which one edit is forgiven. In longer ones it is two.
const LONGEST_OF_ONE_EDIT: usize = 7;

/// Where a word was found, the best place first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Name,
    Key,
    Alias,
    Category,
    Description,
}

/// How a word fits what is written there, the best fit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It is the whole text.
    Whole,
    /// It is a word of it.
    Word,
    /// A word of it begins so.
    Beginning,
    /// It is somewhere within.
    Inside,
    /// It is nearly a word of it.
    Misspelt,
}

/// How well a provider fits a query. A smaller one fits better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// What begins so, then what has it within, then what is misspelt.
    class: u8,
    place: Place,
    fit: Fit,
}

impl Rank {
    const BEST: Self = Self::new(Place::Name, Fit::Whole);

    const fn new(place: Place, fit: Fit) -> Self {
        let class = match fit {
            Fit::Whole | Fit::Word | Fit::Beginning => 0,
            Fit::Inside => 1,
            Fit::Misspelt => 2,
        };
        Self { class, place, fit }
    }

    /// What fits two words fits as the worse of them does, in each respect.
    fn and(self, other: Self) -> Self {
        Self {
            class: self.class.max(other.class),
            place: self.place.max(other.place),
            fit: self.fit.max(other.fit),
        }
    }
}

/// The words of a query. Case and accents do not matter.
#[derive(Debug)]
pub(super) struct Query {
    words: Vec<Word>,
    /// All of them as one, where there are several: `help scout`.
    joined: Option<Word>,
}

#[derive(Debug, PartialEq, Eq)]
struct Word {
    /// As it was typed: `cal.com`.
    text: String,
    /// Its letters and digits: `calcom`.
    letters: String,
    /// How many edits are forgiven.
    edits: usize,
}

impl Word {
    fn new(text: &str) -> Self {
        let letters = letters(text);
        let edits = match letters.chars().count() {
            0..SHORTEST_MISSPELT => 0,
            SHORTEST_MISSPELT..=LONGEST_OF_ONE_EDIT => 1,
            _ => 2,
        };
        Self { text: text.to_owned(), letters, edits }
    }

    fn is_nearly(&self, other: &str) -> bool {
        let (ours, others) = (self.letters.chars().count(), other.chars().count());
        self.edits > 0
            && others >= SHORTEST_MISSPELT
            && ours.abs_diff(others) <= self.edits
            && has_no_other_number(&self.letters, other)
            && osa_distance(&self.letters, other) <= self.edits
    }
}

impl Query {
    /// Reads a query: words with whitespace between them.
    pub(super) fn new(text: &str) -> Self {
        let text = folded(text);
        let mut words: Vec<Word> = Vec::new();
        for word in text.split_whitespace().map(Word::new) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let joined = (words.len() > 1).then(|| Word::new(&letters(&text)));
        Self { words, joined: joined.filter(|word| !word.letters.is_empty()) }
    }

    /// Whether there is nothing to look for.
    pub(super) const fn is_empty(&self) -> bool {
        self.words.is_empty()
    }
}

/// What of a provider is searched.
#[derive(Debug)]
pub(super) struct Searchable(Vec<Text>);

#[derive(Debug)]
struct Text {
    place: Place,
    text: Box<str>,
    letters: Box<str>,
}

impl Text {
    fn new(place: Place, text: &str) -> Self {
        let text = folded(text);
        Self { place, letters: letters(&text).into(), text: text.into() }
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
    }

    /// How a word fits. What is misspelt is looked for only where `forgiving`.
    fn fit(&self, word: &Word, forgiving: bool) -> Option<Fit> {
        let letters = word.letters.as_str();
        if letters.is_empty() {
            return self.text.contains(&word.text).then_some(Fit::Inside);
        }
        if *self.letters == *letters {
            return Some(Fit::Whole);
        }
        if self.words().any(|own| own == letters) {
            return Some(Fit::Word);
        }
        // A description as a whole is not what one begins to type.
        let whole = (self.place != Place::Description).then_some(&*self.letters);
        if whole.into_iter().chain(self.words()).any(|own| own.starts_with(letters)) {
            return Some(Fit::Beginning);
        }
        if self.text.contains(&word.text) {
            return Some(Fit::Inside);
        }
        let is_nearly = || whole.into_iter().chain(self.words()).any(|own| word.is_nearly(own));
        (forgiving && is_nearly()).then_some(Fit::Misspelt)
    }
}

impl Searchable {
    /// What of a provider is searched.
    pub(super) fn new(
        (key, name): (&ProviderKey, &str),
        aliases: &[String],
        category: Category,
        description: &str,
    ) -> Self {
        let aliases = aliases.iter().map(|alias| Text::new(Place::Alias, alias));
        let texts = [Text::new(Place::Name, name), Text::new(Place::Key, key.as_str())].into_iter();
        let rest =
            [Text::new(Place::Category, category.as_str()), Text::new(Place::Description, description)];
        Self(texts.chain(aliases).chain(rest).collect())
    }

    /// How well this fits a query: each of its words must be in one of the texts, as it is or, where `forgiving`, with
    /// small typos. `names` are further texts by which a project knows the provider.
    pub(super) fn rank(&self, query: &Query, names: &str, forgiving: bool) -> Option<Rank> {
        let names = (!names.is_empty()).then(|| Text::new(Place::Name, names));
        let texts = || self.0.iter().chain(&names);
        let fits = |word: &Word, forgiving| {
            let fit = |text: &Text| Some(Rank::new(text.place, text.fit(word, forgiving)?));
            texts().filter_map(fit).min()
        };
        let mut words = query.words.iter().map(|word| fits(word, forgiving));
        let by_words = words.try_fold(Rank::BEST, |rank, word| Some(rank.and(word?)));
        // As one they must be right: a word too much is no typo.
        by_words.into_iter().chain(query.joined.as_ref().and_then(|word| fits(word, false))).min()
    }
}

/// Whether two words do not have different numbers: `acme 133` is not a misspelt `acme 193`, but `gmai1` is `gmail`.
fn has_no_other_number(one: &str, other: &str) -> bool {
    fn digits(text: &str) -> impl Iterator<Item = u8> {
        text.bytes().filter(u8::is_ascii_digit)
    }
    digits(one).eq(digits(other)) || [one, other].into_iter().any(|text| digits(text).next().is_none())
}

/// The text in lower case and without accents.
fn folded(text: &str) -> String {
    let text = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfkd().filter(|c| !is_combining_mark(*c)).collect())
    };
    text.to_lowercase()
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of what fits, the best first, with the same rank in one group.
    fn found(query: &str) -> Vec<String> {
        let table = [
            ("google-calendar", "Google Calendar", vec!["g-cal"], Category::Scheduling, "Reads free time."),
            ("cal-com", "Cal.com", vec![], Category::Scheduling, "Books meetings in a calendar."),
            ("slack", "Slack", vec![], Category::Communication, "Posts messages."),
            ("help-scout", "Help Scout", vec![], Category::Support, "Answers mail; slackens no rule."),
            ("openai", "OpenAI", vec!["ChatGPT"], Category::Ai, "Answers prompts."),
            ("gmail", "Gmail", vec!["Google Mail"], Category::Email, "Sends mail as Zoë."),
            ("square", "Square", vec![], Category::Payments, "Charges cards."),
            ("squarespace", "Squarespace", vec![], Category::Commerce, "Reads orders."),
            ("route-53", "Route 53", vec![], Category::Developer, "Keeps names."),
        ];
        let query = Query::new(query);
        let ranked = table.iter().filter_map(|(key, name, aliases, category, description)| {
            let aliases: Vec<String> = aliases.iter().map(|alias| (*alias).to_owned()).collect();
            let key: ProviderKey = key.parse().unwrap();
            let searchable = Searchable::new((&key, name), &aliases, *category, description);
            Some((searchable.rank(&query, "", true)?, name.to_owned(), key.to_string()))
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort();
        ranked.into_iter().map(|(_, _, key)| key).collect()
    }

    #[test]
    fn what_fits_better_comes_first() {
        for (query, expected) in [
            ("slack", &["slack", "help-scout"][..]),
            ("SLACK", &["slack", "help-scout"]),
            // Key, name and alias in other spellings.
            ("g-cal", &["google-calendar"]),
            ("gcal", &["google-calendar"]),
            ("calcom", &["cal-com"]),
            ("cal.com", &["cal-com"]),
            ("helpscout", &["help-scout"]),
            ("help-scout", &["help-scout"]),
            ("open ai", &["openai"]),
            ("chat gpt", &["openai"]),
            // The whole name comes before one that begins so; names before aliases, those before descriptions.
            ("square", &["square", "squarespace"]),
            ("squ", &["square", "squarespace"]),
            ("google", &["google-calendar", "gmail"]),
            ("calendar", &["google-calendar", "cal-com"]),
            ("mail", &["gmail", "help-scout"]),
            // A category; and two letters within a name come after it.
            ("ai", &["openai", "gmail", "help-scout"]),
            ("scheduling", &["cal-com", "google-calendar"]),
            // Every word must occur, in whatever place.
            ("google free", &["google-calendar"]),
            ("google orders", &[]),
            // Accents do not matter, on either side.
            ("zoe", &["gmail"]),
            ("släck", &["slack", "help-scout"]),
            (
                "",
                &[
                    "cal-com",
                    "gmail",
                    "google-calendar",
                    "help-scout",
                    "openai",
                    "route-53",
                    "slack",
                    "square",
                    "squarespace",
                ],
            ),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
    }

    #[test]
    fn small_typos_are_forgiven_and_come_last() {
        for (query, expected) in [
            // One edit up to seven letters: one changed, left out, added, or two swapped.
            ("slock", &["slack"][..]),
            ("slck", &["slack"]),
            ("slaack", &["slack"]),
            ("salck", &["slack"]),
            ("slokc", &[]),
            ("helpscut", &["help-scout"]),
            // Two above: eight letters and more.
            ("calandra", &["google-calendar", "cal-com"]),
            ("sqarespace", &["squarespace"]),
            ("sqarespaec", &["squarespace"]),
            ("sqarspaec", &[]),
            ("gogle calender", &["google-calendar"]),
            // None under four letters.
            ("cla", &[]),
            ("gma1", &[]),
            ("gmai1", &["gmail"]),
            // What is right comes before what is misspelt.
            ("squares", &["squarespace", "square"]),
            // Another number is no typo.
            ("route 54", &[]),
            ("ruote 53", &["route-53"]),
            // Nor is a further word.
            ("square x", &[]),
        ] {
            assert_eq!(found(query), expected, "{query}");
        }
    }

    #[test]
    fn a_project_may_know_it_by_further_names() {
        let key: ProviderKey = "slack".parse().unwrap();
        let searchable = Searchable::new((&key, "Slack"), &[], Category::Communication, "Posts messages.");
        let query = Query::new("acme");
        assert_eq!(searchable.rank(&query, "", true), None);
        assert!(searchable.rank(&query, "Acme Workspace", true).is_some());
    }
}
