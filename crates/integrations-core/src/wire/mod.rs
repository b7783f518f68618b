//! The requests and answers of the API: one type each, for the server that writes them and for the clients that read.
//!
//! Fields that a client does not know are left out of its reading, and words that it does not know are [`Open`], so
//! that an old client bears a new server. Ids are texts here, because clients hold them to be opaque.

mod audit;
mod catalog;
mod error;
mod installation;
mod integration;
mod open;
mod raw_json;
mod server_status;

pub use audit::{Actor, AuditEvent, AuditEventList};
pub use catalog::{Action, ActionRequest, CatalogEntry, CatalogEntryResponse, CatalogList};
pub use error::ApiError;
pub use installation::{InstallUrl, InstallUrlResponse};
pub use integration::{Integration, IntegrationList, IntegrationResponse, LifecycleUpdate};
pub use open::Open;
pub use raw_json::RawJson;
pub use server_status::{ServerStatus, ServerStatusResponse, ServerStatusWord};
