//! Device login (RFC 8628): a program without a browser gets an API key that a signed-in person approves on a page.

use std::{fmt, str::FromStr, time::Duration};

use serde_json::Value;

use crate::{
    characters::{is_invisible, is_stray},
    fields::{BodyError, Fields, text},
    rights::Rights,
    scope::{Level, Resource, Scope},
    words::words,
};

/// How long a person has to look the code up and decide.
pub const LIFE: Duration = Duration::from_secs(15 * 60);
/// How long an approved login waits for its program. Approval begins it, however old the codes are then.
pub const REDEMPTION: Duration = Duration::from_secs(60);
/// How long a program waits between two polls.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// The letters and digits of a user code: those that are not mistaken for others. O, 0, I, 1 and L are.
const ALPHABET: &[u8; 31] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// How many of them a user code has: 8 of 31 are 39 bits, which are guessed within a limit of attempts.
const CODE_LENGTH: usize = 8;
/// The most letters of a client's name.
const MAX_CLIENT_NAME: usize = 64;

words! {
    /// How far a device login is. Each step is made once, by who finds it at the step before.
    pub enum DeviceLoginStatus {
        /// Nobody has looked the code up.
        Pending = "pending",
        /// A session has looked the code up, and alone may decide.
        Claimed = "claimed",
        /// A person approved, and the program has not come yet.
        Approved = "approved",
        /// A person denied, or lost the rights before the program came.
        Denied = "denied",
        /// The program has its key.
        Consumed = "consumed",
    }
}

words! {
    /// How long a key works that a person approves.
    pub enum KeyLife {
        /// A day.
        Day = "1d",
        /// A week.
        Week = "7d",
        /// A month.
        Month = "30d",
        /// A quarter of a year.
        Quarter = "90d",
    }
}

impl KeyLife {
    /// How long that is.
    pub const fn duration(self) -> Duration {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        };
        Duration::from_secs(days * 24 * 60 * 60)
    }
}

/// The code that a person compares with the one in their terminal: `ABCD-2345`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserCode([u8; CODE_LENGTH]);

/// The error for a text that is not a user code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a code: expected 8 letters and digits, without O, 0, I, 1 and L")]
pub struct NotUserCode;

impl UserCode {
    /// Makes a code of random bytes, each letter equally likely. `None`: too few of these bytes could be used.
    pub fn from_entropy(random: &[u8]) -> Option<Self> {
        let fair = usize::from(u8::MAX) / ALPHABET.len() * ALPHABET.len();
        let mut letters = random.iter().map(|byte| usize::from(*byte)).filter(|number| *number < fair);
        let mut code = [0; CODE_LENGTH];
        for place in &mut code {
            *place = ALPHABET[letters.next()? % ALPHABET.len()];
        }
        Some(Self(code))
    }
}

impl fmt::Display for UserCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, letter) in self.0.iter().enumerate() {
            if place == CODE_LENGTH / 2 {
                f.write_str("-")?;
            }
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

impl FromStr for UserCode {
    type Err = NotUserCode;

    /// Reads it as people write it: in small letters, with blanks, with any hyphen or without.
    fn from_str(text: &str) -> Result<Self, NotUserCode> {
        let is_between =
            |c: &char| is_stray(*c) || matches!(c, '-' | '_' | '.' | '\u{2010}'..='\u{2015}' | '\u{2212}');
        let letters: Vec<u8> = text
            .chars()
            .filter(|c| !is_between(c))
            .map(|c| u8::try_from(c.to_ascii_uppercase()).ok().filter(|letter| ALPHABET.contains(letter)))
            .collect::<Option<_>>()
            .ok_or(NotUserCode)?;
        letters.try_into().map(Self).map_err(|_| NotUserCode)
    }
}

/// A program that begins a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceClient {
    /// What it calls itself. Anybody can claim any name.
    pub name: String,
}

impl DeviceClient {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let name = fields.required("client_name", client_name);
        fields.finish(name.map(|name| Self { name }))
    }
}

/// Reads the body of a poll: the device code.
pub fn read_device_code(body: &[u8]) -> Result<String, BodyError> {
    let mut fields = Fields::read(body)?;
    let code = fields.required("device_code", text);
    fields.finish(code)
}

/// Keeps what people see of a name, on one line, up to its longest length.
fn client_name(value: Value) -> Result<String, String> {
    let text = text(value)?;
    let seen = text.chars().filter(|c| c.is_whitespace() || !(is_invisible(*c) || is_mark(*c)));
    let words: String = seen.collect();
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let name: String = line.chars().take(MAX_CLIENT_NAME).collect();
    let name = name.trim_end();
    if name.chars().any(char::is_alphanumeric) {
        Ok(name.to_owned())
    } else {
        Err("Must contain a letter or a digit".into())
    }
}

/// Whether `c` is drawn over the letter before it. Many of them cover the lines around.
const fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{1ab0}'..='\u{1aff}'
            | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{2800}'
            | '\u{fe20}'..='\u{fe2f}'
    )
}

/// The scopes that somebody may choose for a program: what they hold and a program may have. Those that no operation
/// asks for are none of them: nobody can change the audit log, and whoever uses the proxy writes.
pub fn grantable(held: &Rights) -> Vec<Scope> {
    let idle = [(Resource::Audit, Level::Write), (Resource::Proxy, Level::Read)];
    let idle = idle.map(|(resource, level)| Scope { resource: Some(resource), level });
    Scope::all()
        .filter(|scope| is_for_programs(*scope) && !idle.contains(scope) && held.hold(*scope))
        .collect()
}

/// Whether a program may have a scope. It never has one that gives rights to others: no level `admin`, and nothing on
/// approvals, keys and OAuth apps alone.
pub const fn is_for_programs(scope: Scope) -> bool {
    let gives_rights =
        matches!(scope.resource, Some(Resource::Approvals | Resource::Keys | Resource::OauthApps));
    !gives_rights && !matches!(scope.level, Level::Admin)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{rights::Reach, role::Role, scope::RequiredScope};

    #[test]
    fn a_user_code_has_letters_that_nobody_mistakes() {
        let all: Vec<u8> = (0..=u8::MAX).collect();
        for bytes in all.windows(16) {
            let Some(code) = UserCode::from_entropy(bytes) else { continue };
            let code = code.to_string();
            assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
            assert!(!code.contains(['O', '0', 'I', '1', 'L']), "{code}");
        }
        assert_eq!(UserCode::from_entropy(&[0; 7]), None);
        // Bytes beyond the largest multiple of 31 would make some letters likelier.
        assert_eq!(UserCode::from_entropy(&[248, 255, 0, 1, 2, 3, 4, 5, 6]), None);
        assert_eq!(UserCode::from_entropy(&[248, 0, 1, 2, 3, 4, 5, 6, 7]).unwrap().to_string(), "ABCD-EFGH");
    }

    #[test]
    fn a_user_code_is_read_as_people_write_it() {
        for text in [
            "ABCD-2345",
            "abcd2345",
            " abcd 2345\n",
            "ABCD\u{2013}2345",
            "a-b-c-d-2-3-4-5",
            "\u{feff}ABCD-2345",
        ] {
            assert_eq!(
                text.parse::<UserCode>().map(|code| code.to_string()),
                Ok("ABCD-2345".to_owned()),
                "{text:?}"
            );
        }
        for text in
            ["", "ABCD-234", "ABCD-23456", "ABCO-2345", "ABCD-1345", "ABCD-L345", "ÄBCD-2345", "ABCD/2345"]
        {
            assert_eq!(text.parse::<UserCode>(), Err(NotUserCode), "{text:?}");
        }
    }

    #[test]
    fn a_clients_name_is_what_people_see_of_it() {
        let read = |name: &str| {
            let body = json!({"client_name": name}).to_string();
            DeviceClient::read(body.as_bytes()).map(|client| client.name).ok()
        };
        for (name, seen) in [
            ("riq on laptop", "riq on laptop"),
            ("  a\n\tb\u{2028}c  ", "a b c"),
            ("\u{202e}moc.live\u{2066}", "moc.live"),
            ("a\u{200b}\u{1b}[2Jb", "a[2Jb"),
            ("Z\u{300}\u{301}\u{489}algo", "Zalgo"),
            ("日本語", "日本語"),
        ] {
            assert_eq!(read(name).as_deref(), Some(seen), "{name:?}");
        }
        assert_eq!(read(&"é".repeat(100)).map(|name| name.chars().count()), Some(64));
        for blank in ["", " ", "\u{200b}", "\u{202e}\u{202d}", "...", "\u{2800}"] {
            assert_eq!(read(blank), None, "{blank:?}");
        }
    }

    #[test]
    fn a_program_is_never_given_what_gives_rights_to_others() {
        let given = |scopes: &[Scope]| {
            let held = Rights { scopes: scopes.to_vec(), reach: Reach::Organization };
            grantable(&held)
        };
        for role in Role::ALL {
            let given = given(role.scopes());
            assert!(given.contains(&"read".parse().unwrap()), "{role}");
            for required in
                [RequiredScope::APPROVALS_ADMIN, RequiredScope::KEYS_ADMIN, RequiredScope::OAUTH_APPS_ADMIN]
            {
                assert!(!given.iter().any(|scope| scope.covers(required)), "{role}");
            }
            assert!(given.iter().all(|scope| is_for_programs(*scope)), "{role}");
        }
        assert!(!given(Role::Viewer.scopes()).iter().any(|scope| scope.level > Level::Read));
        let narrow = given(&["keys:admin".parse().unwrap(), "projects:write".parse().unwrap()]);
        assert_eq!(
            narrow.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["projects:read", "projects:write"]
        );
    }

    #[test]
    fn what_can_be_given_is_listed() {
        let given = |role: Role| {
            let held = Rights { scopes: role.scopes().to_vec(), reach: Reach::Organization };
            grantable(&held).iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let reads =
            ["read", "integrations:read", "webhooks:read", "audit:read", "projects:read", "actions:read"];
        let writes = [
            "write",
            "integrations:write",
            "webhooks:write",
            "projects:write",
            "actions:write",
            "proxy:write",
        ];
        for role in Role::ALL {
            let mut given = given(role);
            given.sort();
            let mut hand: Vec<&str> =
                if role == Role::Viewer { reads.to_vec() } else { [&reads[..], &writes[..]].concat() };
            hand.sort_unstable();
            assert_eq!(given, hand, "{role}");
        }
        // `write` covers every `:write`, and none of what gives rights to others, which all ask for `:admin`.
        let write: Scope = "write".parse().unwrap();
        for required in [RequiredScope::INTEGRATIONS_WRITE, RequiredScope::AUDIT_READ] {
            assert!(write.covers(required), "{required}");
        }
        for required in
            [RequiredScope::APPROVALS_ADMIN, RequiredScope::KEYS_ADMIN, RequiredScope::OAUTH_APPS_ADMIN]
        {
            assert!(!write.covers(required), "{required}");
        }
    }
}
