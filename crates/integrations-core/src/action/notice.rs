//! What people are told, in a channel or by mail, of a call that waits for one of them.
//!
//! Much of it is in the words of whoever called. None of that can look like another line, mention anybody, or be a link
//! whose text hides where it leads: the only link is ours, and it decides nothing by itself.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::macros::format_description;

use super::decision::Context;
use super::money::Money;
use crate::catalog::ActionKind;
use crate::catalog::action::{MAX_MESSAGE, MAX_SUBJECT, Markup, Message};
use crate::words::words;
use crate::written_out::{Piece, written_out};

/// The most characters of one value.
const LONGEST_VALUE: usize = 200;
/// The most inputs that are named.
const MOST_INPUTS: usize = 12;
const MORE: &str = "There is more of it than fits here: the page shows all.";

words! {
    /// How far a message is that tells people of a call that waits.
    pub enum NoticeStatus {
        /// It waits to be sent, for the first time or again.
        Waiting = "waiting",
        /// It was sent.
        Sent = "sent",
        /// It was given up.
        Failed = "failed",
        /// It was not sent, because by then there was nothing to tell, or nobody to be told.
        Dropped = "dropped",
    }
}

words! {
    /// What a message tells of.
    pub enum NoticeTells {
        /// The call that waits.
        One = "one",
        /// That more calls wait than are told of one by one.
        More = "more",
    }
}

/// In how many seconds a project's people are told of so many calls one by one.
pub const NOTICE_WINDOW: u32 = 10 * 60;
/// Of how many calls a project's people are told one by one within that time.
pub const MOST_NOTICES: u64 = 10;

/// What the next message tells of, after so many of the same project within the window. `None`: nothing is sent,
/// because the one before says that more wait.
pub const fn next_tells(before: u64) -> Option<NoticeTells> {
    if before < MOST_NOTICES {
        Some(NoticeTells::One)
    } else if before == MOST_NOTICES {
        Some(NoticeTells::More)
    } else {
        None
    }
}

/// The inputs that carry a message which tells that more calls wait than are told of. `url` is the page that has all.
pub fn more_wait(message: &Message, url: &str) -> Map<String, Value> {
    let minutes = NOTICE_WINDOW / 60;
    let text = format!(
        "More than {MOST_NOTICES} calls within {minutes} minutes wait for a person. The next ones are not told of one \
         by one.\nTo see and decide all, sign in: {url}"
    );
    carried(message, text, "To approve: more calls".to_owned())
}

/// The inputs that carry a text, and a subject where the message has one.
fn carried(message: &Message, text: String, subject: String) -> Map<String, Value> {
    let subject = message.subject.clone().map(|name| (name, subject.into()));
    [(message.text.clone(), text.into())].into_iter().chain(subject).collect()
}

/// What is told of a call that waits.
#[derive(Clone, Copy, Debug)]
pub struct Notice<'a> {
    /// What the action is called.
    pub label: &'a str,
    /// What the integration's account is called.
    pub account: &'a str,
    /// What the action does.
    pub kind: ActionKind,
    /// The input, without what is sensitive.
    pub input: &'a Map<String, Value>,
    /// Its amounts, by input.
    pub money: &'a BTreeMap<String, Money>,
    /// Who called.
    pub asked_by: &'a str,
    /// What the call says of itself.
    pub context: &'a Context,
    /// Until when it can be decided.
    pub until: OffsetDateTime,
    /// The page where a person decides, after signing in.
    pub url: &'a str,
}

impl Notice<'_> {
    /// The inputs that carry this message.
    pub fn input_of(&self, message: &Message) -> Map<String, Value> {
        carried(message, self.text(message.markup), self.subject())
    }

    /// The subject, in one line.
    fn subject(&self) -> String {
        let subject = format!("To approve: {} ({})", self.label, self.account);
        shortened(&in_one_line(&subject, Markup::Plain), MAX_SUBJECT)
    }

    /// The text. If it is too long, inputs are left out, and it says so.
    fn text(&self, markup: Markup) -> String {
        let said = |text: &str| in_one_line(text, markup);
        let does = match self.kind {
            ActionKind::ReadOnly => "reads",
            ActionKind::Write => "changes something",
            ActionKind::Destructive => "cannot be taken back",
        };
        let title =
            format!("A person must approve “{}” at {}. It {does}.", said(self.label), said(self.account));
        let context = [("For", &self.context.on_behalf_of), ("Why", &self.context.reason)];
        let context = context
            .into_iter()
            .filter_map(|(name, value)| value.as_ref().map(|value| format!("{name}: {}", said(value))));
        let asked = format!("Asked by: {}", said(self.asked_by));
        let until = format_description!("[year]-[month]-[day] [hour]:[minute]");
        let until = self.until.to_offset(time::UtcOffset::UTC).format(&until).unwrap_or_default();
        let last = [format!("Until: {until} UTC"), format!("To decide, sign in: {}", self.url)];
        let around: Vec<String> = context.chain([asked]).chain(last).collect();
        let taken = |lines: &[String]| lines.iter().map(|line| line.chars().count() + 1).sum::<usize>();
        let mut room = MAX_MESSAGE.saturating_sub(taken(&around) + taken(&[title.clone(), MORE.to_owned()]));
        let mut inputs = Vec::new();
        for (name, value) in self.input {
            let line = format!("{}: {}", said(name), self.value(name, value, markup));
            let length = line.chars().count() + 1;
            if inputs.len() == MOST_INPUTS || length > room {
                inputs.push(MORE.to_owned());
                break;
            }
            room -= length;
            inputs.push(line);
        }
        [title].into_iter().chain(inputs).chain(around).collect::<Vec<_>>().join("\n")
    }

    fn value(&self, name: &str, value: &Value, markup: Markup) -> String {
        let text = match (self.money.get(name), value) {
            (Some(money), _) => money.to_string(),
            (None, Value::String(text)) => text.clone(),
            (None, value) => value.to_string(),
        };
        in_one_line(&text, markup)
    }
}

/// A caller's words in one line, in which they mean nothing to the provider: what hides or reorders is written out,
/// nobody is mentioned, and no address becomes a link.
fn in_one_line(text: &str, markup: Markup) -> String {
    let mut line = String::new();
    for piece in written_out(text) {
        match piece {
            Piece::Plain(text) => line.push_str(&text.replace('\n', " ⏎ ")),
            Piece::Hidden { character, times } => {
                line.push_str(&format!("[U+{:04X}]", u32::from(character)));
                if times > 1 {
                    line.push_str(&format!("[{times} times]"));
                }
            }
            Piece::Blanks(count) => line.push_str(&format!(" [{count} blanks] ")),
        }
    }
    let line = naming_no_host(&mentioning_nobody(&line).replace("://", "[:]//"));
    let line = match markup {
        Markup::Plain => line,
        // Nothing escapes these in mrkdwn. The file's quoting takes care of `&`, `<` and `>`. What is slanted by `_`
        // still says the same, and ids have it.
        Markup::Slack => line.replace(['`', '*', '~'], "'"),
        Markup::Markdown => {
            let marks = |c: char| r"\`*_~|[]()<>#".contains(c);
            line.chars().flat_map(|c| marks(c).then_some('\\').into_iter().chain([c])).collect()
        }
    };
    shortened(&line, LONGEST_VALUE)
}

/// The text with a blank behind each `@` that may begin a mention. An address of e-mail keeps its own.
fn mentioning_nobody(text: &str) -> String {
    const ALL: [&str; 4] = ["everyone", "here", "channel", "all"];

    let (mut parts, mut safe) = (text.split('@'), String::new());
    safe.extend(parts.next());
    for part in parts {
        let is_address = safe.ends_with(|c: char| c.is_alphanumeric())
            && part.starts_with(|c: char| c.is_alphanumeric())
            && !ALL.iter().any(|all| part.starts_with(all));
        safe.push_str(if is_address { "@" } else { "@ " });
        safe.push_str(part);
    }
    safe
}

/// The text with each dot within a name in brackets, because mail programs and messengers make a link of anything that
/// looks like a host. Numbers with one dot, such as amounts, stay as they are.
fn naming_no_host(text: &str) -> String {
    // The others are dots too where hosts are read (UTS 46).
    const DOTS: [char; 4] = ['.', '\u{3002}', '\u{ff0e}', '\u{ff61}'];
    let of_name = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let of_token = |c: &char| of_name(*c) || DOTS.contains(c);

    let (mut safe, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let length: usize = rest.chars().take_while(of_token).map(char::len_utf8).sum();
        let (token, behind) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        rest = behind;
        let is_number =
            token.matches('.').count() == 1 && token.chars().all(|c| c == '.' || c.is_ascii_digit());
        let mut before = None;
        let mut characters = token.chars().peekable();
        while let Some(c) = characters.next() {
            let is_within = before.is_some_and(of_name) && characters.peek().is_some_and(|c| of_name(*c));
            if DOTS.contains(&c) && is_within && !is_number {
                safe.extend(['[', c, ']']);
            } else {
                safe.push(c);
            }
            before = Some(c);
        }
    }
    safe
}

/// The beginning of a text, with a mark if it is cut.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::action::{Currency, read_input};
    use crate::catalog::Catalog;

    const URL: &str = "https://app.example/dashboard/projects/prj_1/approvals/apr_1";

    fn text_of(input: &Value, context: &Context, markup: Markup) -> String {
        let money = Money::new(500, "USD".parse::<Currency>().unwrap()).unwrap();
        let notice = Notice {
            label: "Issue a refund",
            account: "Desk",
            kind: ActionKind::Destructive,
            input: input.as_object().unwrap(),
            money: &BTreeMap::from([("amount".to_owned(), money)]),
            asked_by: "Help desk",
            context,
            until: OffsetDateTime::UNIX_EPOCH,
            url: URL,
        };
        let message =
            Message { text: "text".into(), subject: Some("subject".into()), markup, destination: Vec::new() };
        let input = notice.input_of(&message);
        assert_eq!(input["subject"], "To approve: Issue a refund (Desk)");
        input["text"].as_str().unwrap().to_owned()
    }

    #[test]
    fn it_says_what_would_be_done_for_whom_until_when_and_where_to_decide() {
        let context = Context {
            on_behalf_of: Some("ada@shop.test".into()),
            reason: Some("It came broken".into()),
            ..Context::default()
        };
        let text = text_of(&json!({"amount": 500, "charge": "ch_1"}), &context, Markup::Plain);
        let expected = [
            "A person must approve “Issue a refund” at Desk. It cannot be taken back.",
            "amount: 5.00 USD",
            "charge: ch_1",
            "For: ada@shop[.]test",
            "Why: It came broken",
            "Asked by: Help desk",
            "Until: 1970-01-01 00:00 UTC",
            "To decide, sign in: https://app.example/dashboard/projects/prj_1/approvals/apr_1",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn a_callers_words_are_no_line_no_mention_and_no_link_of_their_own() {
        for (given, markup, shown) in [
            (
                "a\nTo decide, sign in: http://evil.test",
                Markup::Plain,
                "a ⏎ To decide, sign in: http[:]//evil[.]test",
            ),
            ("\u{202e}evil", Markup::Plain, "[U+202E]evil"),
            ("a\u{200b}\u{200b}b\r", Markup::Plain, "a[U+200B][2 times]b[U+000D]"),
            (
                "@everyone x@here @ada ada@shop.test",
                Markup::Plain,
                "@ everyone x@ here @ ada ada@shop[.]test",
            ),
            ("riq-login.com/x or WWW.Evil.COM.", Markup::Plain, "riq-login[.]com/x or WWW[.]Evil[.]COM."),
            ("xn--e1a.рф, a。b, 10.0.0.1", Markup::Plain, "xn--e1a[.]рф, a[。]b, 10[.]0[.]0[.]1"),
            ("5.00 and 1.5 of it. Well", Markup::Plain, "5.00 and 1.5 of it. Well"),
            ("[Approve](http://evil.test)", Markup::Markdown, r"\[Approve\]\(http\[:\]//evil\[.\]test\)"),
            ("<@&1> `x` **b**", Markup::Markdown, r"\<@ &1\> \`x\` \*\*b\*\*"),
            ("```*~ <!channel> ch_1", Markup::Slack, "''''' <!channel> ch_1"),
        ] {
            let text = text_of(&json!({"note": given}), &Context::default(), markup);
            assert_eq!(text.lines().nth(1), Some(format!("note: {shown}").as_str()), "{given:?}");
            assert_eq!(text.lines().count(), 5, "{text}");
        }
    }

    #[test]
    fn every_action_that_sends_messages_takes_one() {
        let catalog = Catalog::built_in();
        let actions = catalog.iter().flat_map(|provider| provider.actions.iter());
        let mut senders = 0;
        for (action, message) in actions.filter_map(|action| Some((action, action.message.as_ref()?))) {
            let notice = Notice {
                label: &"*".repeat(500),
                account: "Desk",
                kind: ActionKind::Write,
                input: &(0..40).map(|number| (format!("input_{number}"), "*".repeat(5_000).into())).collect(),
                money: &BTreeMap::new(),
                asked_by: "Help desk",
                context: &Context::default(),
                until: OffsetDateTime::UNIX_EPOCH,
                url: URL,
            };
            let carried = notice.input_of(message);
            let mut input = action.examples[0].input.clone();
            input.extend(carried.clone());
            let read = read_input(action, &input.into(), &Map::new());
            let read = read.unwrap_or_else(|issues| panic!("{}: {issues:?}", action.label));
            assert!(carried.iter().all(|(name, value)| read.get(name) == Some(value)), "{}", action.label);
            senders += 1;
        }
        assert!(senders >= 13, "{senders}");
    }

    #[test]
    fn after_ten_one_message_says_that_more_wait_and_then_there_are_none() {
        let told: Vec<_> = (0..13).map_while(next_tells).collect();
        assert_eq!(told.len(), 11);
        assert_eq!(told.iter().filter(|tells| **tells == NoticeTells::More).count(), 1);
        assert_eq!(told.last(), Some(&NoticeTells::More));
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_told_and_the_link_stays() {
        let many: Map<String, Value> =
            (0..40).map(|number| (format!("input_{number:02}"), "*".repeat(5_000).into())).collect();
        let context = Context {
            on_behalf_of: Some("*".repeat(500)),
            reason: Some("*".repeat(500)),
            ..Context::default()
        };
        for markup in Markup::ALL {
            let text = text_of(&many.clone().into(), &context, markup);
            assert!(text.chars().count() <= MAX_MESSAGE, "{}", text.len());
            assert!(text.contains(MORE) && text.ends_with(URL), "{text}");
        }
    }
}
