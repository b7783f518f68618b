use super::*;
use crate::picture::media_type;

const RIGHT: &str = r#"
format = 2
key = "KEY"
name = "Acme"
description = "Keeps things."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "https://api.acme.example"

[[auth]]
kind = "api_key"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "On the page for keys."

[auth.request]
headers = { Authorization = "Bearer {api_key}" }

[probe]
method = "GET"
url = "https://api.acme.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

fn file(key: &str, change: (&str, &str)) -> (String, String) {
    (format!("{key}.toml"), RIGHT.replace("KEY", key).replacen(change.0, change.1, 1))
}

const AS_IT_IS: (&str, &str) = ("", "");

#[test]
fn other_names_and_logos_are_checked() {
    let error = |line: &str| {
        let file = file("acme", ("category", &format!("{line}\ncategory")));
        Catalog::default().with_files([file]).err().map(|errors| errors.to_string())
    };
    assert_eq!(error("aliases = [\"g-cal\", \"Other\"]\nlogo = \"acme.svg\""), None);
    let long = "a".repeat(41);
    for (line, message) in [
        ("aliases = [\"ACME\"]", "acme.toml:6:12: `ACME` is already a name of it"),
        ("aliases = [\"Other\", \"other\"]", "acme.toml:6:21: `other` is already a name of it"),
        ("aliases = [\"\"]", "acme.toml:6:12: must be a name on one line, of at most 40 characters"),
        ("aliases = [\" a\"]", "acme.toml:6:12: must be a name on one line, of at most 40 characters"),
        (
            &format!("aliases = [\"{long}\"]"),
            "acme.toml:6:12: must be a name on one line, of at most 40 characters",
        ),
        ("logo = \"../acme.svg\"", "acme.toml:6:8: Must be the name of an svg, png, webp or jpg file"),
        (
            "logo = \"https://acme.example/a.svg\"",
            "acme.toml:6:8: Must be the name of an svg, png, webp or jpg file",
        ),
    ] {
        assert_eq!(error(line).as_deref(), Some(message), "{line}");
    }
}

#[test]
fn files_that_are_wrong_are_left_out_where_that_is_wanted() {
    let files = [
        file("acme", AS_IT_IS),
        file("other", ("crm", "food")),
        // What is built in under the key of a wrong file does not take its place.
        file("slack", ("format = 2", "format = 1")),
    ];
    let whole = Catalog::embedded().unwrap();
    let count = whole.iter().count();
    let (catalog, errors) = whole.with_right_files(files.clone());
    assert_eq!(catalog.iter().count(), count);
    assert!(
        catalog.get("acme").is_some() && catalog.get("other").is_none() && catalog.get("slack").is_none()
    );
    let named: Vec<&str> = errors.iter().map(|error| error.file.as_str()).collect();
    assert_eq!(named, ["other.toml", "slack.toml"]);
    assert!(Catalog::embedded().unwrap().with_files(files).is_err());
}

#[test]
fn what_is_built_in_has_examples_only_where_they_are_tried() {
    let keys =
        |catalog: &Catalog| catalog.iter().map(|provider| provider.key.to_string()).collect::<Vec<_>>();
    let (tried, started) = (Catalog::built_in(), Catalog::embedded().unwrap());
    assert_eq!(keys(tried), keys(&started));
    let count = |catalog: &Catalog, has_examples: bool| {
        let actions = catalog.iter().flat_map(|provider| provider.actions.iter());
        actions.filter(|action| action.examples.is_empty() != has_examples).count()
    };
    assert_eq!((count(tried, false), count(&started, true)), (0, 0));
}

#[test]
fn a_built_in_logo_only_draws_and_is_small() {
    for (name, text) in embedded::LOGOS {
        assert!(text.len() <= 4096, "{name}");
        assert_eq!(media_type(name), Some("image/svg+xml"), "{name}");
        Picture::of_provider(name, text.as_bytes().to_vec())
            .unwrap_or_else(|problem| panic!("{name} {problem}"));
        let key = name.trim_end_matches(".svg").trim_end_matches(".dark");
        assert!(embedded::FILES.iter().any(|(file, _)| *file == format!("{key}.toml")), "{name} is nobody's");
    }
    let catalog = Catalog::embedded().unwrap();
    let github = catalog.get("github").unwrap().logo.clone().unwrap();
    assert_ne!(&github.light, github.for_dark());
    assert_eq!(catalog.picture(&github.light.name), Some(&github.light));
    assert!(catalog.get("gladly").unwrap().logo.is_none());
}

#[test]
fn a_file_may_bring_a_logo_or_have_the_built_in_one() {
    let own = file("slack", ("category", "logo = \"own.svg\"\ncategory"));
    let mut catalog = Catalog::embedded().unwrap().with_files([file("github", AS_IT_IS), own]).unwrap();
    assert!(catalog.get("github").unwrap().logo.is_some());
    let wanted = catalog.wanted_logos();
    assert_eq!(
        wanted.iter().map(|(key, file)| (key.as_str(), file.as_str())).collect::<Vec<_>>(),
        [("slack", "own.svg")]
    );
    let light = Picture::of_provider("own.svg", b"<svg/>".to_vec()).unwrap();
    catalog.set_logo("slack", Logo { light: light.clone(), dark: None });
    assert_eq!(catalog.picture(&light.name), Some(&light));
    assert!(catalog.wanted_logos().is_empty());
    for (bytes, problem) in [
        (b"<svg><script/></svg>".to_vec(), "does more than draw: <script> is not allowed"),
        (vec![b'a'; 9000], "has 9000 bytes, and 8192 is the most: pages load many of them"),
        (b"no picture".to_vec(), "is no image/svg+xml, as its name says"),
    ] {
        assert_eq!(Picture::of_provider("a.svg", bytes).unwrap_err(), problem);
    }
}
