//! How the pages that customers see present themselves: a name, a logo, colours and whom to ask.

use serde_json::Value;
use url::Url;

use crate::{
    characters::is_stray,
    fields::{BodyError, Fields, name, or_null, text},
    name::read_name,
    picture::logo_file,
    wire,
};

/// What lies behind texts and buttons of the light and of the dark pages.
const LIGHT_SURFACE: Rgb = Rgb([0xff; 3]);
const DARK_SURFACE: Rgb = Rgb([0x16, 0x17, 0x1b]);
const LIGHT_INK: Rgb = Rgb([0x18, 0x19, 0x1f]);
const DARK_INK: Rgb = Rgb([0xed, 0xed, 0xf1]);
const WHITE: Rgb = Rgb([0xff; 3]);
const BLACK: Rgb = Rgb([0; 3]);
/// The least contrast of what is no text, such as a button (WCAG 2.2, success criterion 1.4.11).
const OF_SHAPES: f64 = 3.0;
/// The least contrast of text (1.4.3).
const OF_TEXT: f64 = 4.5;
/// The most bytes of an address for support.
const MAX_SUPPORT: usize = 500;

/// A colour (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb([u8; 3]);

impl Rgb {
    /// Reads `#4a45d8` or `4a45d8`.
    pub fn read(text: &str) -> Result<Self, String> {
        let text = text.trim_matches(is_stray);
        let digits = text.strip_prefix('#').unwrap_or(text);
        let part = |at: usize| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let is_whole = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match (is_whole, part(0), part(2), part(4)) {
            (true, Some(red), Some(green), Some(blue)) => Ok(Self([red, green, blue])),
            _ => Err("Must be a colour as #rrggbb, for example #4a45d8".to_owned()),
        }
    }

    /// The colour as six hexadecimal digits.
    pub fn digits(self) -> String {
        let [red, green, blue] = self.0;
        format!("{red:02x}{green:02x}{blue:02x}")
    }

    /// Relative luminance (WCAG 2.2, definitions).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast with another colour, from 1 to 21 (WCAG 2.2, definitions).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// This colour with a part of another: 0 is this, 1 the other.
    fn mixed(self, other: Self, part: f64) -> Self {
        let mut mixed = self;
        for (one, other) in mixed.0.iter_mut().zip(other.0) {
            let value = f64::from(*one) * (1.0 - part) + f64::from(other) * part;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it lies from 0 to 255"
            )]
            let value = value.round() as u8;
            *one = value;
        }
        mixed
    }

    /// This colour, lightened until it has that contrast with the dark surface.
    fn lightened(self, least: f64) -> Self {
        let steps = (0..=20).map(|step| self.mixed(WHITE, f64::from(step) / 20.0));
        steps.into_iter().find(|colour| colour.contrast(DARK_SURFACE) >= least).unwrap_or(WHITE)
    }
}

/// The colour of buttons and links, on light pages and on dark ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Accent {
    light: Rgb,
    dark: Rgb,
}

/// The colours of one scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Buttons.
    pub accent: Rgb,
    /// Buttons under the pointer.
    pub hover: Rgb,
    /// Text on buttons.
    pub on_accent: Rgb,
    /// Links.
    pub link: Rgb,
}

impl Accent {
    /// Checks the contrast of both. Without a `dark` one, the light one is lightened as far as needed.
    pub fn new(light: Rgb, dark: Option<Rgb>) -> Result<Self, (bool, String)> {
        let too_faint = |colour: Rgb, surface: Rgb, pages: &str| {
            let contrast = colour.contrast(surface);
            (contrast < OF_SHAPES).then(|| {
                format!(
                    "Is too faint on {pages} pages: its contrast is {contrast:.1}, and at least 3.0 is needed"
                )
            })
        };
        if let Some(problem) = too_faint(light, LIGHT_SURFACE, "light") {
            return Err((false, problem));
        }
        if let Some(problem) = dark.and_then(|dark| too_faint(dark, DARK_SURFACE, "dark")) {
            return Err((true, problem));
        }
        Ok(Self { light, dark: dark.unwrap_or_else(|| light.lightened(OF_SHAPES)) })
    }

    /// The colour on light pages and on dark ones.
    pub const fn colours(self) -> (Rgb, Rgb) {
        (self.light, self.dark)
    }

    /// The colours of light pages and of dark ones.
    pub fn schemes(self) -> (Scheme, Scheme) {
        let scheme = |accent: Rgb, link: Rgb| {
            // One of the two has a contrast of 4.5 with any colour.
            let is_white = accent.contrast(WHITE) >= OF_TEXT;
            let (on_accent, toward) = if is_white { (WHITE, BLACK) } else { (BLACK, WHITE) };
            Scheme { accent, hover: accent.mixed(toward, 0.15), on_accent, link }
        };
        let of_text = |colour: Rgb, surface: Rgb, ink: Rgb| {
            if colour.contrast(surface) >= OF_TEXT { colour } else { ink }
        };
        (
            scheme(self.light, of_text(self.light, LIGHT_SURFACE, LIGHT_INK)),
            scheme(self.dark, of_text(self.dark.lightened(OF_TEXT), DARK_SURFACE, DARK_INK)),
        )
    }
}

/// Whom a customer asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Support {
    /// By mail, at this address.
    Mail(String),
    /// On this page.
    Page(Url),
}

impl Support {
    /// Reads a mail address or the address of a page.
    pub fn read(text: &str) -> Result<Self, String> {
        const EXPECTED: &str =
            "Must be a mail address or the https address of a page, for example help@example.com";

        let text = text.trim_matches(is_stray);
        let text = text.strip_prefix("mailto:").unwrap_or(text);
        if text.len() > MAX_SUPPORT || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(EXPECTED.to_owned());
        }
        if let Ok(url) = text.parse::<Url>() {
            return if url.scheme() == "https" { Ok(Self::Page(url)) } else { Err(EXPECTED.to_owned()) };
        }
        let is_mail = text.split_once('@').is_some_and(|(name, host)| {
            let is_plain = |c: char| c.is_alphanumeric() || "._%+-".contains(c);
            !name.is_empty()
                && name.chars().all(is_plain)
                && host.contains('.')
                && url::Host::parse(host).is_ok()
        });
        if is_mail { Ok(Self::Mail(text.to_owned())) } else { Err(EXPECTED.to_owned()) }
    }

    /// What a link leads to.
    pub fn address(&self) -> String {
        match self {
            Self::Mail(mail) => format!("mailto:{mail}"),
            Self::Page(url) => url.as_str().to_owned(),
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Mail(mail) => mail,
            Self::Page(url) => url.as_str(),
        }
    }
}

/// What the pages that customers see are given. What is left out is neutral.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Branding {
    /// The name of the product or of the company.
    pub name: Option<String>,
    /// The name of the logo's file in the operator's directory.
    pub logo: Option<String>,
    /// The colour of buttons and links.
    pub accent: Option<Accent>,
    /// Whom a customer asks.
    pub support: Option<Support>,
}

impl Branding {
    /// Reads the object of a request, or a stored one. The error names the field within it.
    pub fn read(value: &Value) -> Result<Self, String> {
        let mut fields = Fields::read(value.to_string().as_bytes()).map_err(|error| in_words(&error))?;
        let name = fields.optional("name", or_null(name)).flatten();
        let logo = fields.optional("logo", or_null(|value| logo_file(text(value)?))).flatten();
        let light = fields.optional("accent", or_null(|value| Rgb::read(&text(value)?))).flatten();
        let dark = fields.optional("accent_dark", or_null(|value| Rgb::read(&text(value)?))).flatten();
        let support = fields.optional("support", or_null(|value| Support::read(&text(value)?))).flatten();
        let accent = accent(light, dark);
        let read = fields.finish(Some(Self { name, logo, accent: None, support }));
        read.map_err(|error| in_words(&error)).and_then(|read| Ok(Self { accent: accent?, ..read }))
    }

    /// Makes it of settings, each as it was typed.
    pub fn of_settings(
        name: Option<&str>,
        accent: Option<Rgb>,
        accent_dark: Option<Rgb>,
        support: Option<Support>,
    ) -> Result<Self, String> {
        let name = name.map(read_name).transpose().map_err(|error| error.to_string())?;
        Ok(Self { name, logo: None, accent: self::accent(accent, accent_dark)?, support })
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As the API shows it. `None`: it says nothing.
    pub fn shown(&self) -> Option<wire::Branding> {
        let written = |colour: Rgb| format!("#{}", colour.digits());
        let shown = wire::Branding {
            name: self.name.clone(),
            logo: self.logo.clone(),
            accent: self.accent.map(|accent| written(accent.light)),
            accent_dark: self.accent.map(|accent| written(accent.dark)),
            support: self.support.as_ref().map(|support| support.as_str().to_owned()),
        };
        (!self.is_empty()).then_some(shown)
    }
}

/// The two colours, checked together. The error names the field.
fn accent(light: Option<Rgb>, dark: Option<Rgb>) -> Result<Option<Accent>, String> {
    match (light, dark) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err("accent: Required beside accent_dark".to_owned()),
        (Some(light), dark) => Accent::new(light, dark).map(Some).map_err(|(is_dark, problem)| {
            format!("{}: {problem}", if is_dark { "accent_dark" } else { "accent" })
        }),
    }
}

fn in_words(error: &BodyError) -> String {
    match error {
        BodyError::Invalid(issues) => match issues.first() {
            Some(issue) if issue.path.is_empty() => issue.message.clone(),
            Some(issue) => format!("{}: {}", issue.path, issue.message),
            None => error.to_string(),
        },
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        let contrast =
            |one, other| format!("{:.2}", Rgb::read(one).unwrap().contrast(Rgb::read(other).unwrap()));
        assert_eq!(contrast("#000000", "ffffff"), "21.00");
        assert_eq!(contrast("#777777", "#ffffff"), "4.48");
        assert_eq!(contrast("#4a45d8", "#4a45d8"), "1.00");
    }

    #[test]
    fn a_branding_is_read_and_shown() {
        let given = json!({"name": " Acme ", "accent": "#0A7", "support": "help@acme.example"});
        assert_eq!(
            Branding::read(&given),
            Err("accent: Must be a colour as #rrggbb, for example #4a45d8".into())
        );
        let given = json!({"name": " Acme ", "accent": "#0A7755", "logo": "acme.svg", "support": "mailto:help@acme.example"});
        let shown = Branding::read(&given).unwrap().shown().unwrap();
        assert_eq!((shown.name.as_deref(), shown.accent.as_deref()), (Some("Acme"), Some("#0a7755")));
        assert_eq!(shown.support.as_deref(), Some("help@acme.example"));
        assert_eq!(Branding::read(&json!({})).unwrap().shown(), None);
        // What is shown can be sent again.
        let again = Branding::read(&serde_json::to_value(&shown).unwrap()).unwrap();
        assert_eq!(again.shown(), Some(shown));
    }

    #[test]
    fn what_nobody_could_read_is_refused_in_words() {
        for (given, problem) in [
            (json!([]), "Expected object"),
            (
                json!({"accent": "#ffee00"}),
                "accent: Is too faint on light pages: its contrast is 1.2, and at least 3.0 is needed",
            ),
            (
                json!({"accent": "#4a45d8", "accent_dark": "#111111"}),
                "accent_dark: Is too faint on dark pages: its contrast is 1.1, and at least 3.0 is needed",
            ),
            (json!({"accent_dark": "#ffffff"}), "accent: Required beside accent_dark"),
            (json!({"logo": "../acme.svg"}), "logo: Must be the name of an svg, png, webp or jpg file"),
            (json!({"logo": "acme.html"}), "logo: Must be the name of an svg, png, webp or jpg file"),
            (
                json!({"support": "javascript:alert(1)"}),
                "support: Must be a mail address or the https address of a page, for example help@example.com",
            ),
            (
                json!({"support": "a@b.example?subject=x"}),
                "support: Must be a mail address or the https address of a page, for example help@example.com",
            ),
            (json!({"colour": "red"}), "colour: Unknown field"),
        ] {
            assert_eq!(Branding::read(&given), Err(problem.to_owned()), "{given}");
        }
    }

    proptest! {
        #[test]
        fn every_accent_that_is_taken_can_be_read(parts: [u8; 3]) {
            let Ok(accent) = Accent::new(Rgb(parts), None) else { return Ok(()) };
            let (light, dark) = accent.schemes();
            for (scheme, surface) in [(light, LIGHT_SURFACE), (dark, DARK_SURFACE)] {
                prop_assert!(scheme.accent.contrast(surface) >= OF_SHAPES);
                prop_assert!(scheme.on_accent.contrast(scheme.accent) >= OF_TEXT);
                prop_assert!(scheme.on_accent.contrast(scheme.hover) >= OF_TEXT);
                prop_assert!(scheme.link.contrast(surface) >= OF_TEXT);
            }
        }
    }
}
