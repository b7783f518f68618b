//! Moving integrations to another server.
//!
//! The source exports them into a file, sealed to the receiver's key, and stops using them. The receiver imports all of
//! them or none, once, and signs a receipt. By the receipt the source ends them; or the operator cancels the export.

mod contents;
mod end;
mod export;
mod import;

pub use self::{
    contents::{FileError, Found, find},
    end::{EndError, Ended},
    export::{ExportError, ExportReport, Exported, Exporter, StaysHere},
    import::{Arrived, Import, MoveError, MoveIssue, Receiver},
};
