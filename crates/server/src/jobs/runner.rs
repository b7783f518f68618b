//! Supervises the jobs: it starts their rounds, handles their failures, and lets each end when the server stops.

use std::{any::Any, mem, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt as _;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::Job;
use crate::shutdown::Shutdown;

/// Runs jobs until the server stops, each in its own task. If it is dropped before, it cancels them.
#[derive(Debug)]
pub struct Runner {
    tasks: JoinSet<()>,
    stop: Shutdown,
}

impl Runner {
    /// A runner whose jobs end at `stop`.
    pub fn new(stop: Shutdown) -> Self {
        Self { tasks: JoinSet::new(), stop }
    }

    /// Starts a job.
    pub fn start(&mut self, job: impl Job) {
        self.tasks.spawn(supervise(job, self.stop.clone()));
    }

    /// Waits until every job has ended, which is after the stop.
    pub async fn wait(mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a background job ended outside its rounds");
            }
        }
    }
}

async fn supervise<J: Job>(mut job: J, mut stop: Shutdown) {
    let (mut backoff, mut is_failing) = (job.backoff(), false);
    loop {
        let began = Instant::now();
        let round = AssertUnwindSafe(job.round()).catch_unwind();
        let ended = if J::IS_CANCELLABLE {
            tokio::select! {
                ended = round => ended,
                () = stop.requested() => break,
            }
        } else {
            round.await
        };
        let pause = match ended {
            Ok(Ok(next)) => {
                backoff.reset();
                if mem::take(&mut is_failing) {
                    job.report_recovery();
                }
                next.pause_after(began.elapsed())
            }
            Ok(Err(error)) => {
                if !mem::replace(&mut is_failing, true) {
                    job.report_failure(&error);
                }
                Some(backoff.next_pause())
            }
            Err(panic) => {
                is_failing = true;
                let panic = message(panic.as_ref());
                tracing::error!(
                    job = J::NAME,
                    panic,
                    "a round of a background job panicked; it will be tried again"
                );
                Some(backoff.next_pause())
            }
        };
        tokio::select! {
            biased;
            () = stop.requested() => break,
            () = job.woken() => {}
            () = elapse(pause) => {}
        }
    }
    job.finish().await;
}

/// Waits for this long. `None` waits for ever.
async fn elapse(pause: Option<Duration>) {
    match pause {
        Some(pause) => sleep(pause).await,
        None => std::future::pending().await,
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::{collections::VecDeque, sync::Arc};

    use tokio::sync::{
        Notify,
        mpsc::{self, UnboundedReceiver, UnboundedSender},
    };

    use super::{
        super::{Backoff, Next},
        *,
    };
    use crate::shutdown::{self, Stopper};

    const HOUR: Duration = Duration::from_secs(3_600);

    enum Round {
        Succeeds(Next),
        Fails,
        Panics,
        /// Succeeds, but only after `go_on` is notified.
        Waits,
    }

    /// A job whose rounds are given. It reports what is done with it.
    struct Scripted<const IS_CANCELLABLE: bool> {
        rounds: VecDeque<Round>,
        pause: Duration,
        wake: Arc<Notify>,
        go_on: Arc<Notify>,
        told: UnboundedSender<&'static str>,
    }

    impl<const IS_CANCELLABLE: bool> Scripted<IS_CANCELLABLE> {
        fn tell(&self, what: &'static str) {
            self.told.send(what).unwrap();
        }
    }

    impl<const IS_CANCELLABLE: bool> Job for Scripted<IS_CANCELLABLE> {
        type Error = &'static str;
        const NAME: &'static str = "scripted";
        const IS_CANCELLABLE: bool = IS_CANCELLABLE;

        fn backoff(&self) -> Backoff {
            Backoff::constant(self.pause)
        }

        async fn round(&mut self) -> Result<Next, &'static str> {
            self.tell("round");
            match self.rounds.pop_front().unwrap_or(Round::Succeeds(Next::WhenWoken)) {
                Round::Succeeds(next) => return Ok(next),
                Round::Fails => return Err("away"),
                Round::Panics => panic!("a fault in a job"),
                Round::Waits => self.go_on.notified().await,
            }
            self.tell("waited");
            Ok(Next::WhenWoken)
        }

        async fn woken(&mut self) {
            self.wake.notified().await;
        }

        async fn finish(self) {
            self.tell("finish");
        }

        fn report_failure(&self, error: &&'static str) {
            assert_eq!(*error, "away");
            self.tell("failure");
        }

        fn report_recovery(&self) {
            self.tell("recovery");
        }
    }

    /// A runner with one job.
    struct Scene {
        runner: Runner,
        stopper: Stopper,
        wake: Arc<Notify>,
        go_on: Arc<Notify>,
        told: UnboundedReceiver<&'static str>,
    }

    impl Scene {
        fn start<const IS_CANCELLABLE: bool>(
            pause: Duration,
            rounds: impl IntoIterator<Item = Round>,
        ) -> Self {
            let (stopper, stop) = shutdown::channel();
            let (sender, told) = mpsc::unbounded_channel();
            let (wake, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
            let mut runner = Runner::new(stop);
            runner.start(Scripted::<IS_CANCELLABLE> {
                rounds: rounds.into_iter().collect(),
                pause,
                wake: Arc::clone(&wake),
                go_on: Arc::clone(&go_on),
                told: sender,
            });
            Self { runner, stopper, wake, go_on, told }
        }

        async fn hear(&mut self, expected: &[&str]) {
            for one in expected {
                assert_eq!(self.told.recv().await.as_ref(), Some(one));
            }
        }

        /// Gives the job every chance to continue, and asserts that it does nothing.
        async fn hear_nothing(&mut self) {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            assert!(self.told.is_empty());
        }

        async fn stop(mut self, expected: &[&str]) {
            self.stopper.stop();
            self.runner.wait().await;
            let mut told = Vec::new();
            self.told.recv_many(&mut told, usize::MAX).await;
            assert_eq!(told, expected);
        }
    }

    #[tokio::test]
    async fn a_job_that_panics_is_run_again() {
        let mut scene = Scene::start::<false>(Duration::ZERO, [Round::Panics, Round::Panics]);
        scene.hear(&["round", "round", "round", "recovery"]).await;
        scene.stop(&["finish"]).await;
    }

    #[tokio::test]
    async fn failures_are_reported_once_until_a_round_succeeds() {
        let at_once = || Round::Succeeds(Next::In(Duration::ZERO));
        let rounds = [Round::Fails, Round::Fails, at_once(), at_once(), Round::Fails];
        let mut scene = Scene::start::<false>(Duration::ZERO, rounds);
        scene.hear(&["round", "failure", "round", "round", "recovery"]).await;
        scene.hear(&["round", "round", "failure", "round", "recovery"]).await;
        scene.stop(&["finish"]).await;
    }

    #[tokio::test]
    async fn a_failure_is_followed_by_a_pause_which_a_wake_up_ends() {
        let mut scene = Scene::start::<false>(HOUR, [Round::Fails, Round::Panics]);
        scene.hear(&["round", "failure"]).await;
        scene.hear_nothing().await;
        scene.wake.notify_one();
        scene.hear(&["round"]).await;
        scene.hear_nothing().await;
        scene.stop(&["finish"]).await;
    }

    #[tokio::test]
    async fn a_wake_up_brings_the_next_round_forward() {
        for next in [Next::In(HOUR), Next::Every(HOUR), Next::WhenWoken] {
            let mut scene = Scene::start::<false>(HOUR, [Round::Succeeds(next)]);
            scene.hear(&["round"]).await;
            scene.hear_nothing().await;
            scene.wake.notify_one();
            scene.hear(&["round"]).await;
            scene.stop(&["finish"]).await;
        }
    }

    #[tokio::test]
    async fn a_stop_waits_for_the_current_round() {
        let mut scene = Scene::start::<false>(HOUR, [Round::Waits]);
        scene.hear(&["round"]).await;
        scene.stopper.stop();
        scene.hear_nothing().await;
        scene.go_on.notify_one();
        scene.stop(&["waited", "finish"]).await;
    }

    #[tokio::test]
    async fn a_stop_cancels_a_cancellable_round() {
        let mut scene = Scene::start::<true>(HOUR, [Round::Waits]);
        scene.hear(&["round"]).await;
        scene.stop(&["finish"]).await;
    }
}
