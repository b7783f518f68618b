//! Settings as they were given, to be written into a file.

use std::{collections::BTreeMap, fmt};

use clap::{ArgMatches, Command, parser::ValueSource};
use toml::Value;

use super::names;

/// The settings that were given by flags, as text, by their names in a file. `Debug` shows no value.
#[derive(Clone, Default)]
pub struct Given(BTreeMap<String, Value>);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Given {
    /// Those of `matches`. What comes from the environment stays there.
    pub(super) fn of(command: &Command, matches: &ArgMatches) -> Self {
        let mut given = Self::default();
        for setting in names::settings(command) {
            let name = setting.get_id().as_str();
            let is_given = matches.value_source(name) == Some(ValueSource::CommandLine);
            let Some(values) = matches.get_raw(name).filter(|_| is_given) else { continue };
            let mut values: Vec<Value> =
                values.map(|value| Value::String(value.to_string_lossy().into_owned())).collect();
            let value = match setting.get_value_delimiter() {
                Some(_) => Value::Array(values),
                None => values.swap_remove(0),
            };
            given.0.insert(name.to_owned(), value);
        }
        given
    }

    /// Adds one.
    pub fn add(&mut self, name: &str, value: String) {
        self.0.insert(name.to_owned(), Value::String(value));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The file.
    pub fn toml(&self) -> String {
        let line = |(name, value): (&String, &Value)| format!("{name} = {value}\n");
        let lines: String = self.0.iter().map(line).collect();
        format!("# Made by `riq-server init`. Other settings may stand here, too.\n{lines}")
    }
}
