//! Values that a command takes with their keys: `--field ru_name=NAME`.

/// Reads `key=value`. The error says what is expected.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("must be KEY=VALUE".to_owned()),
    }
}

/// The values of an option that may be given several times, by their names, each of which is there once. The error
/// names one that is there twice.
pub fn named_once<T: Clone, C: FromIterator<(String, T)>>(
    option: &str,
    given: &[(String, T)],
) -> Result<C, String> {
    for (place, (name, _)) in given.iter().enumerate() {
        if given[..place].iter().any(|(other, _)| other == name) {
            return Err(format!("{option} names {name} twice"));
        }
    }
    Ok(given.iter().cloned().collect())
}
