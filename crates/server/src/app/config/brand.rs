//! Reads how pages for customers present themselves, and the files of logos.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use integrations_core::{
    branding::Branding,
    catalog::Catalog,
    picture::{Logo, Picture, media_type},
};

use super::Options;
use crate::edge::brand::Brands;

/// What stands before the ending of a file that is for dark pages: `acme.dark.svg` beside `acme.svg`.
const DARK: &str = ".dark";

impl Options {
    /// What pages for customers are given.
    pub(super) fn brands(&self) -> anyhow::Result<Brands> {
        let own = Branding::of_settings(
            self.brand_name.as_deref(),
            self.brand_accent,
            self.brand_accent_dark,
            self.brand_support.clone(),
        );
        let own = own.map_err(|problem| anyhow!("the RIQ_BRAND_… settings are not valid: {problem}"))?;
        let logo = self.brand_logo.as_deref().map(|path| logo(path, Picture::new)).transpose();
        let logos = self.brand_logos_dir.as_deref().map(logos).transpose();
        Ok(Brands {
            own,
            logo: logo.context("RIQ_BRAND_LOGO cannot be used")?.map(Arc::new),
            logos: logos.context("RIQ_BRAND_LOGOS_DIR cannot be used")?.unwrap_or_default(),
        })
    }
}

/// The logos of a directory, by the names of their files for light pages.
fn logos(directory: &Path) -> anyhow::Result<BTreeMap<String, Arc<Logo>>> {
    let mut logos = BTreeMap::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_logo = media_type(&name).is_some() && !name.starts_with('.') && !stem.ends_with(DARK);
        if is_logo && fs::metadata(&path)?.is_file() {
            // What is in the directory is no value of a setting.
            let logo = logo(&path, Picture::new).with_context(|| name.clone())?;
            logos.insert(name, Arc::new(logo));
        }
    }
    Ok(logos)
}

/// Makes a picture of a file's name and content, or says why it is none.
type Read = fn(&str, Vec<u8>) -> Result<Picture, String>;

/// The logo in a file, with the one for dark pages beside it.
fn logo(path: &Path, read: Read) -> anyhow::Result<Logo> {
    let dark = dark_beside(path).filter(|path| path.exists());
    let dark = dark.map(|path| picture(&path, read)).transpose()?;
    Ok(Logo { light: picture(path, read)?, dark })
}

fn picture(path: &Path, read: Read) -> anyhow::Result<Picture> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    // The name may be the value of a setting, which no message shows.
    let bytes = fs::read(path).context("the file of a logo cannot be read")?;
    read(&name, bytes).map_err(|problem| anyhow!("the file of a logo {problem}"))
}

/// Gives the providers of a directory the logos that their files name, which are in the same directory. Returns what is
/// wrong with those that cannot be used: `acme.toml: acme.svg: …`.
pub(in crate::app) fn with_logos(mut catalog: Catalog, directory: &Path) -> (Catalog, Vec<String>) {
    let mut problems = Vec::new();
    for (key, file) in catalog.wanted_logos() {
        match logo(&directory.join(&file), Picture::of_provider) {
            Ok(logo) => catalog.set_logo(key.as_str(), logo),
            Err(error) => problems.push(format!("{key}.toml: {file}: {error:#}")),
        }
    }
    (catalog, problems)
}

fn dark_beside(path: &Path) -> Option<PathBuf> {
    let (stem, ending) = (path.file_stem()?.to_str()?, path.extension()?.to_str()?);
    Some(path.with_file_name(format!("{stem}{DARK}.{ending}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logos_are_read_with_their_dark_ones() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("acme.svg", "<svg>light</svg>");
        write("acme.dark.svg", "<svg>dark</svg>");
        write("README.md", "not a logo");
        let options = Options { brand_logos_dir: Some(directory.path().to_owned()), ..Options::default() };
        let brands = options.brands().unwrap();
        assert_eq!(brands.logos.keys().collect::<Vec<_>>(), ["acme.svg"]);
        assert!(brands.logos["acme.svg"].dark.is_some());
        write("wrong.png", "<svg/>");
        let error = format!("{:#}", options.brands().unwrap_err());
        let expected = "RIQ_BRAND_LOGOS_DIR cannot be used: wrong.png: the file of a logo is no image/png, as its name says";
        assert_eq!(error, expected);
    }
}
