//! Moves of integrations to other servers: how they leave, how that ends, and how they arrive.
//!
//! A credential that is on its way stays here, marked as unusable, until the move ends, so that it can be taken back.
//! It has no monitor. Each step is one transaction: an export first changes its own row, and then its integrations in
//! the order of their ids.

mod arrive;
mod end;
mod leave;

pub use self::{
    arrive::{Imported, NewImport},
    end::{EndingExport, ExportRecord, Returning},
    leave::{Departing, DepartingCredential, NewExport, OpenExport, Renewing},
};
