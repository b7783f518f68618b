//! `cargo xtask logos`: takes the logos of providers in from packages of free pictures, so that a build downloads
//! nothing.
//!
//! Each logo is a plate with the picture on it, so that it can be seen on light pages and on dark ones. A plate that a
//! dark page would swallow has a second file, for dark pages.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod colour;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::colour::Colour;
use crate::{generated, npm, workspace};

/// Where the packages are named, relative to the root.
const FOLDER: &str = "xtask/logos";
/// Where the logos go.
const LOGOS: &str = "crates/integrations-core/providers/logos";
/// Where it is told what each is made from.
const PAGE: &str = "docs/reference/logos.md";
/// The most bytes of a logo.
const MOST: usize = 4 * 1024;
/// The licence that both packages must have.
const LICENCE: &str = "CC0-1.0";
/// Licences of single pictures that let anybody use them.
const FREE: [&str; 4] = ["CC0-1.0", "Unlicense", "MIT", "Apache-2.0"];

/// Writes the logos and the page that tells of them.
///
/// # Errors
/// When a package cannot be installed, is not under the licence, or lacks a picture.
pub(crate) fn run() -> Result<()> {
    let packages = Packages::read(&npm::install(Path::new("npm"), &workspace::root().join(FOLDER))?)?;
    let chosen = fs::read_to_string(workspace::root().join(FOLDER).join("logos.toml"))?;
    let chosen: BTreeMap<String, String> = toml::from_str(&chosen)?;
    let folder = workspace::root().join(LOGOS);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    let mut page = PAGE_HEAD.replace("{versions}", &packages.versions());
    for (provider, picture) in &chosen {
        let drawn = packages.draw(picture).with_context(|| format!("{provider}: {picture}"))?;
        for (name, svg) in drawn.files(provider) {
            ensure!(svg.len() <= MOST, "{name} has {} bytes, and {MOST} is the most", svg.len());
            fs::write(folder.join(name), svg)?;
        }
        let (package, name) = picture.split_once(':').unwrap_or_default();
        writeln!(page, "| `{provider}` | {package} | `{name}` | {} |", drawn.licence)?;
    }
    generated::write(PAGE, &page)?;
    eprintln!("Wrote {} logos to {LOGOS}", chosen.len());
    Ok(())
}

const PAGE_HEAD: &str = "\
# Logos

Pages show a provider's logo, or the first letter of its name if there is none. The logos are built in: a build and a
page load nothing from others. `cargo xtask logos` takes them in from two packages of npm, both under CC0 1.0, and
writes this page:

{versions}

`xtask/logos/logos.toml` says which picture is whose. A picture that has a licence of its own in its package is taken
only if that lets anybody use it. Each is drawn on a plate, so that it can be seen on light pages and on dark ones; a
dark plate is turned round for dark pages.

**Trademarks.** A licence of a picture gives no right to a trademark. The names and logos are those of their owners, and
stand here only to say which service is meant. They do not say that an owner knows or approves of this software. If you
are an owner and want your logo changed or removed, open an issue: it goes with the next release.

An operator's own files bring their own logos: see [provider files](provider-file.md#the-logo).

| provider | package | picture | the picture's licence |
|---|---|---|---|
";

/// The two packages.
struct Packages {
    modules: PathBuf,
    /// The entries of simple-icons by their names.
    simple: BTreeMap<String, Value>,
    /// The pictures of @iconify-json/logos.
    logos: Value,
}

/// A logo as it is drawn.
#[derive(Debug, PartialEq, Eq)]
struct Drawn {
    light: String,
    dark: Option<String>,
    licence: String,
}

impl Drawn {
    fn files(&self, provider: &str) -> Vec<(String, &str)> {
        let dark = self.dark.as_deref().map(|svg| (format!("{provider}.dark.svg"), svg));
        [Some((format!("{provider}.svg"), self.light.as_str())), dark].into_iter().flatten().collect()
    }
}

impl Packages {
    fn read(modules: &Path) -> Result<Self> {
        let simple = read(&modules.join("simple-icons/data/simple-icons.json"))?;
        let named = |one: &Value| Some((one["slug"].as_str()?.to_owned(), one.clone()));
        let packages = Self {
            modules: modules.to_owned(),
            simple: simple.as_array().into_iter().flatten().filter_map(named).collect(),
            logos: read(&modules.join("@iconify-json/logos/icons.json"))?,
        };
        for name in NAMES {
            let licence = &packages.manifest(name)?["license"];
            ensure!(licence == LICENCE, "{name} is under {licence}, and {LICENCE} is expected");
        }
        Ok(packages)
    }

    fn manifest(&self, name: &str) -> Result<Value> {
        read(&self.modules.join(name).join("package.json"))
    }

    fn versions(&self) -> String {
        let version = |name: &str| Some(self.manifest(name).ok()?["version"].as_str()?.to_owned());
        NAMES.map(|name| format!("- `{name}` {}", version(name).unwrap_or_default())).join("\n")
    }

    fn draw(&self, picture: &str) -> Result<Drawn> {
        match picture.split_once(':') {
            Some(("simple-icons", name)) => self.draw_simple(name),
            Some(("logos", name)) => self.draw_coloured(name),
            _ => bail!("expected simple-icons:NAME or logos:NAME"),
        }
    }

    /// A picture of one colour, on a plate of it.
    fn draw_simple(&self, name: &str) -> Result<Drawn> {
        let entry = self.simple.get(name).context("there is no such picture")?;
        let licence = entry["license"]["type"].as_str();
        ensure!(licence.is_none_or(|licence| FREE.contains(&licence)), "it is under {licence:?}");
        let colour: Colour = entry["hex"].as_str().context("it has no colour")?.parse()?;
        let file = self.modules.join("simple-icons/icons").join(format!("{name}.svg"));
        let svg = fs::read_to_string(file)?;
        let path = svg.split_once("<path d=\"").and_then(|(_, rest)| rest.split_once('"'));
        let (path, _) = path.context("it has no path")?;
        let draw = |plate: Colour, ink: Colour| {
            let glyph = format!("<path transform=\"translate(8 8)\" fill=\"{ink}\" d=\"{path}\"/>");
            on_plate(plate, &glyph)
        };
        let ink = if colour.contrast(Colour::WHITE) >= 2.0 { Colour::WHITE } else { Colour::INK };
        let is_swallowed = colour.contrast(Colour::DARK_PAGE) < 1.6;
        Ok(Drawn {
            light: draw(colour, ink),
            dark: is_swallowed.then(|| draw(Colour::WHITE, colour)),
            licence: licence.unwrap_or(LICENCE).to_owned(),
        })
    }

    /// A picture of several colours, on a pale plate.
    fn draw_coloured(&self, name: &str) -> Result<Drawn> {
        let picture = &self.logos["icons"][name];
        let body = picture["body"].as_str().context("there is no such picture")?;
        let size = |name: &str| picture[name].as_u64().or(self.logos[name].as_u64()).unwrap_or(256);
        let view = format!("0 0 {} {}", size("width"), size("height"));
        let glyph =
            format!("<svg x=\"8\" y=\"8\" width=\"24\" height=\"24\" viewBox=\"{view}\">{body}</svg>");
        Ok(Drawn { light: on_plate(Colour::PALE, &glyph), dark: None, licence: LICENCE.to_owned() })
    }
}

const NAMES: [&str; 2] = ["simple-icons", "@iconify-json/logos"];

fn on_plate(plate: Colour, glyph: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 40 40\"><rect width=\"40\" height=\"40\" rx=\"10\" \
         fill=\"{plate}\"/>{glyph}</svg>\n"
    )
}

fn read(file: &Path) -> Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(serde_json::from_str(&text)?)
}
