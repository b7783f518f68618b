//! The files that are built in: that they load, and what holds for all of them.

use super::*;

fn catalog() -> Catalog {
    Catalog::embedded().unwrap_or_else(|errors| panic!("{errors}"))
}

#[test]
fn every_embedded_file_loads() {
    assert_eq!(catalog().iter().count(), embedded::FILES.len());
}
