//! Tells every part of the server to stop.

use tokio::sync::watch;

/// The sending side: tells every part to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// The receiving side: one part of the server waits for the request to stop.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// A connected pair.
pub fn channel() -> (Stopper, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Shutdown(receiver))
}

impl Stopper {
    /// Asks every part to stop.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until the stopper asks to stop or is dropped.
    pub async fn requested(&mut self) {
        // An error means that the stopper was dropped, which also asks to stop.
        drop(self.0.wait_for(|stop| *stop).await);
    }
}
