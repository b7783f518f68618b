//! Whether an SVG only draws. What it may have is listed; all else is refused: scripts, links, animations, styles with
//! rules, and references to anything outside the file.

/// The elements that draw, or hold what draws.
const ELEMENTS: [&str; 22] = [
    "circle",
    "clippath",
    "defs",
    "desc",
    "ellipse",
    "fegaussianblur",
    "filter",
    "g",
    "line",
    "lineargradient",
    "mask",
    "metadata",
    "path",
    "polygon",
    "polyline",
    "radialgradient",
    "rect",
    "stop",
    "svg",
    "symbol",
    "title",
    "use",
];

/// Checks it. The error says what it has that it may not have.
pub(super) fn check(text: &str) -> Result<(), String> {
    let mut rest = text.trim_start();
    if rest.starts_with("<?xml ") {
        rest = rest.split_once("?>").map_or("", |(_, rest)| rest);
    }
    while let Some((_, after)) = rest.split_once('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            rest = comment.split_once("-->").ok_or("a comment without an end")?.1;
            continue;
        }
        let (tag, after) = cut_tag(after).ok_or("a tag without an end")?;
        check_tag(tag)?;
        rest = after;
    }
    Ok(())
}

/// A tag without its brackets, and what follows it. A bracket within quotes does not end it.
fn cut_tag(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '>') => return Some((&text[..at], &text[at + 1..])),
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            _ => {}
        }
    }
    None
}

fn check_tag(tag: &str) -> Result<(), String> {
    let tag = tag.trim_start_matches('/').trim_end_matches('/');
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    if !ELEMENTS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(format!("<{name}> is not allowed"));
    }
    let mut rest = attributes.trim_start();
    while !rest.is_empty() {
        let malformed = || format!("<{name}> has an attribute that cannot be read");
        let (attribute, after) = rest.split_once('=').ok_or_else(malformed)?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(malformed)?;
        let (value, after) = after[1..].split_once(quote).ok_or_else(malformed)?;
        check_attribute(name, attribute.trim(), value)?;
        rest = after.trim_start();
    }
    Ok(())
}

fn check_attribute(element: &str, attribute: &str, value: &str) -> Result<(), String> {
    let (name, value) = (attribute.to_ascii_lowercase(), value.to_ascii_lowercase());
    let refused = |why: &str| Err(format!("`{attribute}` of <{element}> {why}"));
    if name.starts_with("on") {
        return refused("is a script");
    }
    // Escapes could hide what is looked for.
    if value.contains(['&', '\\']) {
        return refused("has an escape");
    }
    if (name == "href" || name.ends_with(":href")) && !value.trim_start().starts_with('#') {
        return refused("leads out of the file");
    }
    let mut parts = value.split("url(").skip(1);
    if parts.any(|part| !part.trim_start().trim_start_matches(['"', '\'']).starts_with('#')) {
        return refused("leads out of the file");
    }
    if value.contains("script:") || value.contains("@import") || value.contains("expression(") {
        return refused("is a script");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn svg(inside: &str) -> Result<(), String> {
        check(&format!(
            "<?xml version='1.0'?><!-- a <b> --><svg xmlns='http://www.w3.org/2000/svg'>{inside}</svg>"
        ))
    }

    #[test]
    fn what_only_draws_is_taken() {
        for inside in [
            "",
            "<title>a &amp; b</title><path d='M0 0z' fill=\"#fff\"/>",
            "<defs><linearGradient id='a'><stop offset='1'/></linearGradient></defs><rect fill='url(#a)'/><use href='#a'/>",
            "<g style='mask: url(\"#m\")'><path d='M0 0'/></g>",
        ] {
            assert_eq!(svg(inside), Ok(()), "{inside}");
        }
    }

    #[test]
    fn what_does_more_is_refused() {
        for (inside, problem) in [
            ("<script>alert(1)</script>", "<script> is not allowed"),
            ("<SCRIPT/>", "<SCRIPT> is not allowed"),
            ("<svg:script/>", "<svg:script> is not allowed"),
            ("<style>@import 'https://a.example'</style>", "<style> is not allowed"),
            ("<foreignObject/>", "<foreignObject> is not allowed"),
            ("<image href='https://a.example/a.png'/>", "<image> is not allowed"),
            ("<a href='#a'/>", "<a> is not allowed"),
            ("<animate attributeName='href'/>", "<animate> is not allowed"),
            ("<!DOCTYPE svg [<!ENTITY a 'b'>]>", "<!DOCTYPE> is not allowed"),
            ("<![CDATA[<script/>]]>", "<![CDATA[<script> is not allowed"),
            ("<?xml-stylesheet href='a'?>", "<?xml-stylesheet> is not allowed"),
            ("<path onload='a()'/>", "`onload` of <path> is a script"),
            ("<path\nONLOAD = \"a()\" />", "`ONLOAD` of <path> is a script"),
            ("<use href='https://a.example/#a'/>", "`href` of <use> leads out of the file"),
            ("<use xlink:href='//a.example'/>", "`xlink:href` of <use> leads out of the file"),
            ("<use href='&#104;ttps://a.example'/>", "`href` of <use> has an escape"),
            ("<rect fill='url(https://a.example)'/>", "`fill` of <rect> leads out of the file"),
            ("<rect style='fill: u\\72l(https://a.example)'/>", "`style` of <rect> has an escape"),
            ("<rect fill=red/>", "<rect> has an attribute that cannot be read"),
            ("<rect x='>", "a tag without an end"),
            ("<!-- ", "a comment without an end"),
        ] {
            assert_eq!(svg(inside), Err(problem.to_owned()), "{inside}");
        }
    }
}
