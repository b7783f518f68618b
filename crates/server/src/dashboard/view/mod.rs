//! The markup of the pages: functions from values to markup. They read nothing from the database and make no decisions.

pub(super) mod accounts;
pub(super) mod approval;
pub(super) mod approval_policy;
pub(super) mod approvals;
pub(super) mod audit;
pub(super) mod connect;
pub(super) mod device;
pub(super) mod disconnect;
pub(super) mod explain;
pub(super) mod failure;
pub(super) mod field;
pub(super) mod frame;
#[cfg(test)]
mod gallery;
pub(super) mod install;
pub(super) mod integrations;
pub(super) mod key;
pub(super) mod key_form;
pub(super) mod keys;
pub(super) mod layout;
pub(super) mod oauth_app;
pub(super) mod oauth_apps;
pub(super) mod organizations;
pub(super) mod parts;
pub(super) mod project;
pub(super) mod projects;
pub(super) mod provider;
pub(super) mod provider_page;
pub(super) mod revocation;
pub(super) mod run;
pub(super) mod runs;
pub(super) mod settings;
pub(super) mod sign_in;
pub(super) mod state;
pub(super) mod trial;
pub(super) mod value;
pub(super) mod words;
