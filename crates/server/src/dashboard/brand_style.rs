//! The style sheet of a colour: small, made from the colour alone, and named by it and by a hash of its content. So any
//! replica can make it, browsers keep it for ever, and no page needs an inline style.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integrations_core::branding::{Accent, Rgb, Scheme};
use sha2::{Digest as _, Sha256};

/// Its name in addresses.
pub(crate) fn name(accent: Accent) -> String {
    let (light, dark) = accent.colours();
    let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(content(accent))[..6]);
    format!("brand-{}-{}-{hash}.css", light.digits(), dark.digits())
}

/// Its content.
pub(crate) fn content(accent: Accent) -> String {
    let (light, dark) = accent.schemes();
    format!(
        ":root{{{}}}@media (prefers-color-scheme:dark){{:root{{{}}}}}.mark rect{{fill:var(--accent)}}.mark \
         path{{stroke:var(--on-accent)}}",
        variables(light),
        variables(dark)
    )
}

fn variables(scheme: Scheme) -> String {
    let Scheme { accent, hover, on_accent, link } = scheme;
    let [accent, hover, on_accent, link] = [accent, hover, on_accent, link].map(Rgb::digits);
    format!("--accent:#{accent};--accent-hover:#{hover};--on-accent:#{on_accent};--link:#{link}")
}

/// The content of the style sheet with this name. `None`: there is none, or it was made by another version.
pub(super) fn by_name(text: &str) -> Option<String> {
    let mut parts = text.strip_prefix("brand-")?.splitn(3, '-');
    let mut colour = || Rgb::read(parts.next()?).ok();
    let accent = Accent::new(colour()?, Some(colour()?)).ok()?;
    (name(accent) == text).then(|| content(accent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_found_by_its_name_alone() {
        let accent = Accent::new(Rgb::read("#0a7755").unwrap(), None).unwrap();
        let name = name(accent);
        assert!(by_name(&name).unwrap().starts_with(":root{--accent:#0a7755;"), "{name}");
        for other in [
            "brand-.css",
            "brand-0a7755-0a7755-x.css",
            &name.replace("0a7755", "0A7755"),
            "brand-ffee00-ffee00-x.css",
        ] {
            assert_eq!(by_name(other), None, "{other}");
        }
    }
}
