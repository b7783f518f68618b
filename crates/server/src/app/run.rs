//! Runs the server, for `dev` and `serve`.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
};

use anyhow::{Context as _, bail};
use serde::Serialize;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

use super::{
    config::Options,
    dev::{Access, DataDirectory, DevCommand},
    open_files,
