//! Installing: the credential vault. Install sessions and the OAuth handshake find their room here.

pub mod import;
pub mod vault;
