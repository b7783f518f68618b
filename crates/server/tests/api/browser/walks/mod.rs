//! What people do, from the first page to the last; each walk ends with what the API says then.

mod changes;
mod forms;
mod links;
mod oauth;
mod program;
mod scripts;
mod sessions;
