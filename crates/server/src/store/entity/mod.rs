//! The rows of the tables for SeaORM. Only `store` uses them.

pub(super) mod action_reservation;
pub(super) mod action_run;
pub(super) mod api_key;
pub(super) mod approval;
pub(super) mod audit_event;
pub(super) mod audit_head;
pub(super) mod audit_link;
pub(super) mod audit_pending;
pub(super) mod audit_stream;
pub(super) mod credential;
pub(super) mod dashboard_session;
pub(super) mod device_login;
pub(super) mod encryption_key;
pub(super) mod idempotency_key;
pub(super) mod install_link;
pub(super) mod integration;
pub(super) mod logout_token;
pub(super) mod monitor;
pub(super) mod oauth_app;
pub(super) mod organization;
pub(super) mod pending_install;
pub(super) mod project;
pub(super) mod sign_in;
pub(super) mod user;
pub(super) mod user_role;
