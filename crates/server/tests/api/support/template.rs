//! Databases that have all tables, from which tests copy theirs: to migrate an empty one takes longer than many tests.
//!
//! `RIQ_TEST_TEMPLATES` names an empty directory, for one run of the tests on one PostgreSQL server; `cargo xtask test`
//! sets it. The first test that needs a template makes it there, and the others wait.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use riq_server::{environment::Environment, store::Store};

use super::{Backend, TestDatabase};

const DIRECTORY: &str = "RIQ_TEST_TEMPLATES";

/// Gives all tables to a database of a test that has none. `false`: it has some, or there are no templates.
pub(crate) async fn fill(database: &TestDatabase) -> bool {
    let Some(backend) = database.backend() else { return false };
    let is_empty = match backend {
        Backend::Sqlite => !database.path("riq.db").exists(),
        Backend::Postgres => database.open().await.tables().await.is_empty(),
    };
    if !is_empty {
        return false;
    }
    let Some(template) = template(backend).await else { return false };
    database.become_like(&template).await;
    true
}

/// The path or the name of a template. `None` if there are none.
async fn template(backend: Backend) -> Option<String> {
    let directory = PathBuf::from(std::env::var_os(DIRECTORY)?);
    let kind = match backend {
        Backend::Sqlite => "sqlite",
        Backend::Postgres => "postgres",
    };
    // Held until this function ends.
    let lock = File::create(directory.join(format!("{kind}.lock"))).unwrap();
    lock.lock().unwrap();
    let known = directory.join(kind);
    if let Ok(template) = fs::read_to_string(&known) {
        return Some(template);
    }
    let database = TestDatabase::create(backend).await?;
    let store = Store::connect(&database.url.parse().unwrap(), 1).await.unwrap();
    store.migrate(&Environment::system()).await.unwrap();
    store.close().await;
    let template = database.kept_in(&directory);
    // Whoever is killed meanwhile leaves no half of it.
    fs::write(known.with_extension("new"), &template).unwrap();
    fs::rename(known.with_extension("new"), &known).unwrap();
    Some(template)
}
