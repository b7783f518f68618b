//! Colours, and how far they stand apart.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result};

/// A colour (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colour([u8; 3]);

impl Colour {
    /// What stands on a dark plate, or a plate that is turned round.
    pub(super) const WHITE: Self = Self([0xff; 3]);
    /// The plate of a picture in several colours.
    pub(super) const PALE: Self = Self([0xf3, 0xf4, 0xf6]);
    /// What stands on a bright plate.
    pub(super) const INK: Self = Self([0x18, 0x19, 0x1f]);
    /// What lies behind on dark pages: `DARK_SURFACE` of the core.
    pub(super) const DARK_PAGE: Self = Self([0x16, 0x17, 0x1b]);

    /// Relative luminance (WCAG 2.2, definitions).
    fn luminance(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// The contrast with another colour, from 1 to 21 (WCAG 2.2, definitions).
    pub(super) fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}

impl FromStr for Colour {
    type Err = anyhow::Error;

    /// Reads six hexadecimal digits.
    fn from_str(text: &str) -> Result<Self> {
        let number = u32::from_str_radix(text, 16).context("expected six hexadecimal digits")?;
        let [_, red, green, blue] = number.to_be_bytes();
        Ok(Self([red, green, blue]))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrasts_are_those_of_wcag() {
        let colour: Colour = "777777".parse().unwrap();
        assert_eq!(format!("{colour} {:.2}", colour.contrast(Colour::WHITE)), "#777777 4.48");
        assert!("7777zz".parse::<Colour>().is_err());
    }
}
