//! Pictures that pages load: logos of the operator, of projects and of providers.

mod svg;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// The largest file of a logo, in bytes.
const MAX_LOGO: usize = 32 * 1024;
/// The largest file of a provider's logo, in bytes: a page has many of them.
const MAX_PROVIDER_LOGO: usize = 8 * 1024;

/// The endings of logos' files, each with its media type.
const LOGO_TYPES: [(&str, &str); 5] = [
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
];

/// A picture that pages load.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its name in addresses, which changes with its content.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Picture {
    /// The picture in a file. The error says why it is none.
    pub fn new(file: &str, bytes: Vec<u8>) -> Result<Self, String> {
        let Some(media_type) = media_type(file) else {
            return Err("is no svg, png, webp or jpg file by its name".to_owned());
        };
        if bytes.len() > MAX_LOGO {
            return Err(format!(
                "has {} bytes, and {MAX_LOGO} is the most: every page loads it",
                bytes.len()
            ));
        }
        let is_what_it_says = match media_type {
            "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
            "image/webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            _ => std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")),
        };
        if !is_what_it_says {
            return Err(format!("is no {media_type}, as its name says"));
        }
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..9]);
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        Ok(Self { name: format!("logo-{hash}.{ending}"), media_type, bytes })
    }

    /// The logo of a provider in a file, which is small, and if it is an SVG, draws and does nothing else. The error
    /// says why it is none.
    pub fn of_provider(file: &str, bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.len() > MAX_PROVIDER_LOGO {
            let length = bytes.len();
            return Err(format!(
                "has {length} bytes, and {MAX_PROVIDER_LOGO} is the most: pages load many of them"
            ));
        }
        let picture = Self::new(file, bytes)?;
        if picture.media_type == "image/svg+xml"
            && let Ok(text) = std::str::from_utf8(&picture.bytes)
        {
            svg::check(text).map_err(|problem| format!("does more than draw: {problem}"))?;
        }
        Ok(picture)
    }
}

/// A logo, for light pages and perhaps another for dark ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// For light pages.
    pub light: Picture,
    /// For dark pages. `None`: the same.
    pub dark: Option<Picture>,
}

impl Logo {
    /// Its pictures.
    pub fn pictures(&self) -> impl Iterator<Item = &Picture> {
        [&self.light].into_iter().chain(&self.dark)
    }

    /// The one for dark pages.
    pub const fn for_dark(&self) -> &Picture {
        match &self.dark {
            Some(dark) => dark,
            None => &self.light,
        }
    }
}

/// Reads the name of a logo's file: a name alone, so that it leads nowhere else.
pub(crate) fn logo_file(text: String) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_logo = media_type(&text).is_some() && text.chars().all(is_plain) && !text.starts_with('.');
    match is_logo && text.len() <= 100 {
        true => Ok(text),
        false => Err("Must be the name of an svg, png, webp or jpg file".to_owned()),
    }
}

/// The media type of a logo's file, by its ending.
pub fn media_type(file: &str) -> Option<&'static str> {
    let (_, ending) = file.rsplit_once('.')?;
    LOGO_TYPES
        .into_iter()
        .find(|(known, _)| ending.eq_ignore_ascii_case(known))
        .map(|(_, media_type)| media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_must_be_what_its_name_says() {
        assert!(Picture::new("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).is_ok());
        assert!(Picture::new("a.PNG", b"\x89PNG\r\n\x1a\nrest".to_vec()).unwrap().name.ends_with(".png"));
        for (file, bytes) in
            [("a.png", b"<svg/>".to_vec()), ("a.html", Vec::new()), ("a.svg", vec![b'<'; MAX_LOGO + 1])]
        {
            assert!(Picture::new(file, bytes).is_err(), "{file}");
        }
    }
}
