//! `cargo xtask bench`.

/// What `bench` takes.
#[derive(clap::Args)]
pub(crate) struct Options {}

/// Measures.
pub(crate) fn run(_: &Options) -> anyhow::Result<()> {
    anyhow::bail!("not written yet")
}

pub(crate) mod bare_route {
    //! The bare route.

    /// What `bare-route` takes.
    #[derive(clap::Args)]
    pub(crate) struct Options {}

    /// Serves.
    pub(crate) fn run(_: &Options) -> anyhow::Result<()> {
        anyhow::bail!("not written yet")
    }
}
