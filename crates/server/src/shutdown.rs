//! Telling every part of the server to stop.

use tokio::sync::watch;

/// Tells the parts to stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// One part's view: waits for the word.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

/// A stopper, and what it stops.
pub fn channel() -> (Stopper, Shutdown) {
    let (sender, receiver) = watch::channel(false);
    (Stopper(sender), Shutdown(receiver))
}

impl Stopper {
    /// Gives the word.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Shutdown {
    /// Waits until the word is given, or nobody is left to give it.
    pub async fn requested(&mut self) {
        // An error means that the stopper is gone, which is the word as well.
        drop(self.0.wait_for(|stop| *stop).await);
    }
}
