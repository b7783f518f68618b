//! docs/reference/provider-file.md is correct and complete.

use super::*;

const PAGE: &str = include_str!("../../../../docs/reference/provider-file.md");

/// The fenced block of the page that begins with `first`.
fn block(first: &str) -> &'static str {
    let start = PAGE.find(&format!("```{first}")).unwrap_or_else(|| panic!("no block {first:?}"));
    let body = PAGE[start..].split_once('\n').unwrap().1;
    body.split_once("\n```").unwrap().0
}

fn load(text: String) -> Result<Catalog, ProviderFileErrors> {
    Catalog::default().with_files([("acme.toml".to_owned(), text)])
}

#[test]
fn the_example_is_a_provider_file() {
    let catalog = load(block("toml\n# acme.toml").to_owned()).unwrap();
    let acme = catalog.get("acme").unwrap();
    assert_eq!(acme.setup_type(), SetupType::OAuth);
    assert_eq!(acme.settings.as_value()["properties"].as_object().unwrap().len(), 2);
    let examples = acme.actions.iter().map(|action| action.examples.len());
    assert_eq!(examples.collect::<Vec<_>>(), [1, 1]);
}

/// Each error message on the page is the one that its example gets with the mistake that the page describes.
#[test]
fn the_messages_are_those_of_the_loader() {
    let example = block("toml\n# acme.toml");
    let loose = example.replace("\"^[a-z0-9][a-z0-9-]*$\"", "\"^.*$\"");
    let destructive = example.replace("kind = \"destructive\"", "kind = \"destructive\"\ndefault = true");
    let first = |text: String| load(text).unwrap_err().iter().next().unwrap().to_string();
    let told: Vec<&str> = block("text").lines().collect();
    assert_eq!(told, [first(loose), first(destructive)]);
}

#[test]
fn every_word_of_the_closed_lists_is_on_the_page() {
    let words: Vec<&str> = Category::ALL
        .iter()
        .map(|word| word.as_str())
        .chain(Pkce::ALL.iter().map(|word| word.as_str()))
        .chain(ClientAuth::ALL.iter().map(|word| word.as_str()))
        .chain(BodyFormat::ALL.iter().map(|word| word.as_str()))
        .chain(CallbackCheck::ALL.iter().map(|word| word.as_str()))
        .chain(ActionKind::ALL.iter().map(|word| word.as_str()))
        .chain(SetupType::ALL.iter().map(|word| word.as_str()))
        .chain(AuthKind::ALL.iter().map(|word| word.as_str()))
        .chain(file::InputType::ALL.iter().map(|word| word.as_str()))
        .chain(file::ExampleOutcome::ALL.iter().map(|word| word.as_str()))
        .chain(action::TextFormat::ALL.iter().map(|word| word.as_str()))
        .chain(action::MoneyUnit::ALL.iter().map(|word| word.as_str()))
        .chain(action::AnswerForm::ALL.iter().map(|word| word.as_str()))
        .chain(action::Quoting::ALL.iter().map(|word| word.as_str()))
        .chain(AnswerShape::ALL.iter().map(|word| word.as_str()))
        .chain(AccountSource::ALL.iter().map(|word| word.as_str()))
        .chain(ResetUnit::ALL.iter().map(|word| word.as_str()))
        .chain(AddressOf::ALL.iter().map(|word| word.as_str()))
        .chain(SecretSource::ALL.iter().map(|word| word.as_str()))
        .chain(Encoding::ALL.iter().map(|word| word.as_str()))
        .chain(SignatureScheme::ALL.iter().map(|word| word.as_str()))
        .chain(SignatureForm::ALL.iter().map(|word| word.as_str()))
        .chain(TimeUnit::ALL.iter().map(|word| word.as_str()))
        .chain(Handshake::ALL.iter().map(|word| word.as_str()))
        .collect();
    for word in words {
        assert!(PAGE.contains(&format!("`{word}`")), "{word}");
    }
}

/// The page describes every key that a file may have: the fields of the structs in `file.rs`,
/// `file/action.rs` and `file/events.rs`.
#[test]
fn every_key_of_a_file_is_on_the_page() {
    let field = |line: &'static str| {
        let line = line.trim();
        let field = line.strip_prefix("pub(super) ").or_else(|| line.strip_prefix("pub(in crate::catalog) "));
        field?.split_once(':').map(|(key, _)| key).filter(|key| !key.contains(' '))
    };
    let shape = [include_str!("file.rs"), include_str!("file/action.rs"), include_str!("file/events.rs")];
    let keys: Vec<&str> = shape.into_iter().flat_map(str::lines).filter_map(field).collect();
    assert!(keys.len() > 130, "{keys:?}");
    for key in keys {
        assert!(PAGE.contains(key), "docs/reference/provider-file.md does not tell of `{key}`");
    }
}
