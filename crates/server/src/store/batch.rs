//! Requests to the database that go out together.
//!
//! A database answers one statement for sixteen projects about four times as fast as sixteen statements, and commits
//! what sixteen requests store as fast as what one does. So requests of a kind that arrive while one of that kind is
//! under way go out together in the next one. A request that finds nothing under way goes out at once, so batches grow
//! with the load by themselves, and nothing waits for a timer. What a request asks for always begins after it arrived:
//! no answer is older than its request.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{runtime::Handle, sync::oneshot};

/// The most keys that go out together, unless what they ask for is large. Later ones wait for the next.
pub(super) const LARGEST: usize = 64;

/// What answers many requests at once.
pub(super) trait AnswerMany: Send + Sync + 'static {
    /// What one request asks for.
    type Key: Clone + Eq + Send + Sync;
    /// What it gets. Requests of the same key share it.
    type Answer: Clone + Send + Sync;

    /// Answers `keys`, of which no two are equal. Returns an answer for each, in their order.
    fn answer_many(&self, keys: &[Self::Key]) -> impl Future<Output = Vec<Self::Answer>> + Send;

    /// The answer to a request that ended without one: its task panicked, or the server stops.
    fn unanswered() -> Self::Answer;
}

/// The requests of one kind.
pub(super) struct Batch<R: AnswerMany> {
    answers: R,
    /// How many may be under way at once.
    at_once: usize,
    /// The most keys that go out together.
    largest: usize,
    queue: Mutex<Queue<R>>,
}

struct Queue<R: AnswerMany> {
    under_way: usize,
    waiting: Vec<Waiting<R>>,
}

struct Waiting<R: AnswerMany> {
    key: R::Key,
    answer: oneshot::Sender<R::Answer>,
}

impl<R: AnswerMany> Batch<R> {
    /// Requests of which at most `at_once` are under way; the others wait and go out together, up to `largest` of them.
    pub(super) fn new(answers: R, at_once: usize, largest: usize) -> Arc<Self> {
        Arc::new(Self {
            answers,
            at_once,
            largest,
            queue: Mutex::new(Queue { under_way: 0, waiting: Vec::new() }),
        })
    }

    /// Asks for `key`, at once or with others.
    pub(super) async fn ask(self: &Arc<Self>, key: R::Key) -> R::Answer {
        let answer = match self.join(&key) {
            Place::First(turn) => turn.batch.answers.answer_many(&[key]).await.pop(),
            Place::Behind(answer) => answer.await.ok(),
        };
        answer.unwrap_or_else(R::unanswered)
    }

    fn join(self: &Arc<Self>, key: &R::Key) -> Place<R> {
        let mut queue = self.queue();
        if queue.under_way < self.at_once {
            queue.under_way += 1;
            return Place::First(Turn { batch: Arc::clone(self) });
        }
        let (answer, receiver) = oneshot::channel();
        queue.waiting.push(Waiting { key: key.clone(), answer });
        Place::Behind(receiver)
    }

    fn queue(&self) -> MutexGuard<'_, Queue<R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers requests together.
    async fn answer(&self, requests: Vec<Waiting<R>>) {
        let mut keys = Vec::with_capacity(requests.len());
        for request in &requests {
            if !keys.contains(&request.key) {
                keys.push(request.key.clone());
            }
        }
        let answers = self.answers.answer_many(&keys).await;
        for request in requests {
            let position = keys.iter().position(|key| *key == request.key);
            if let Some(answer) = position.and_then(|position| answers.get(position)) {
                // It fails if the client left.
                drop(request.answer.send(answer.clone()));
            }
        }
    }
}

enum Place<R: AnswerMany> {
    First(Turn<R>),
    Behind(oneshot::Receiver<R::Answer>),
}

/// The right to have something under way. However it ends, by an answer, a panic or a client that left, those who
/// wait go out next, in a task of their own.
struct Turn<R: AnswerMany> {
    batch: Arc<Batch<R>>,
}

impl<R: AnswerMany> Drop for Turn<R> {
    fn drop(&mut self) {
        let mut queue = self.batch.queue();
        // Nobody waits for these any more.
        queue.waiting.retain(|request| !request.answer.is_closed());
        let requests: Vec<_> = {
            let count = queue.waiting.len().min(self.batch.largest);
            queue.waiting.drain(..count).collect()
        };
        let runtime = Handle::try_current();
        let (Ok(runtime), false) = (runtime, requests.is_empty()) else {
            queue.under_way -= 1;
            return;
        };
        drop(queue);
        let turn = Self { batch: Arc::clone(&self.batch) };
        runtime.spawn(async move { turn.batch.answer(requests).await });
    }
}

impl<R: AnswerMany> fmt::Debug for Batch<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batch({} waiting)", self.queue().waiting.len())
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::{Semaphore, mpsc};

    use super::*;

    /// Tells which keys a statement asked for, and answers when it is let go.
    struct Reader {
        asked: mpsc::UnboundedSender<Vec<u32>>,
        gate: Arc<Semaphore>,
    }

    impl AnswerMany for Reader {
        type Key = u32;
        type Answer = String;

        async fn answer_many(&self, keys: &[u32]) -> Vec<String> {
            self.asked.send(keys.to_vec()).unwrap();
            self.gate.acquire().await.unwrap().forget();
            assert!(!keys.contains(&666), "a statement that panics");
            keys.iter().map(|key| answer(*key)).collect()
        }

        fn unanswered() -> String {
            "none".to_owned()
        }
    }

    struct Scene {
        batch: Arc<Batch<Reader>>,
        asked: mpsc::UnboundedReceiver<Vec<u32>>,
        gate: Arc<Semaphore>,
    }

    impl Scene {
        fn new(at_once: usize) -> Self {
            let (sender, asked) = mpsc::unbounded_channel();
            let gate = Arc::new(Semaphore::new(0));
            let batch = Batch::new(Reader { asked: sender, gate: Arc::clone(&gate) }, at_once, LARGEST);
            Self { batch, asked, gate }
        }

        /// Begins a read, and returns when it goes out or waits.
        async fn begin(&self, key: u32) -> tokio::task::JoinHandle<String> {
            let batch = Arc::clone(&self.batch);
            let read = tokio::spawn(async move { batch.ask(key).await });
            // On the test's one thread the new task runs up to its first wait.
            tokio::task::yield_now().await;
            read
        }

        async fn asked(&mut self) -> Vec<u32> {
            self.asked.recv().await.unwrap()
        }
    }

    fn answer(key: u32) -> String {
        format!("answer to {key}")
    }

    #[tokio::test]
    async fn reads_that_arrive_meanwhile_go_out_together() {
        let mut scene = Scene::new(1);
        let mut reads = Vec::new();
        for key in [1, 2, 3, 2] {
            reads.push(scene.begin(key).await);
        }
        assert_eq!(scene.asked().await, [1], "nothing was under way: it goes out at once, alone");
        assert!(scene.asked.try_recv().is_err(), "the others wait");
        scene.gate.add_permits(1);
        assert_eq!(scene.asked().await, [2, 3], "together, and each key once");
        scene.gate.add_permits(1);
        for (read, key) in reads.into_iter().zip([1, 2, 3, 2]) {
            assert_eq!(read.await.unwrap(), answer(key));
        }
        let next = scene.begin(4).await;
        assert_eq!(scene.asked().await, [4], "nothing is under way any more");
        scene.gate.add_permits(1);
        assert_eq!(next.await.unwrap(), answer(4));
    }

    #[tokio::test]
    async fn a_read_that_arrives_during_a_statement_for_its_key_is_answered_by_a_later_one() {
        let mut scene = Scene::new(1);
        let first = scene.begin(1).await;
        let second = scene.begin(1).await;
        assert_eq!(scene.asked().await, [1]);
        scene.gate.add_permits(1);
        assert_eq!(first.await.unwrap(), answer(1));
        assert_eq!(scene.asked().await, [1], "asked again, because the answer could be older than the read");
        scene.gate.add_permits(1);
        assert_eq!(second.await.unwrap(), answer(1));
    }

    #[tokio::test]
    async fn a_client_that_leaves_holds_nobody_up() {
        let mut scene = Scene::new(1);
        let leaves = scene.begin(1).await;
        let waits = scene.begin(2).await;
        let also_leaves = scene.begin(3).await;
        assert_eq!(scene.asked().await, [1]);
        leaves.abort();
        assert_eq!(scene.asked().await, [2, 3]);
        also_leaves.abort();
        let behind = scene.begin(4).await;
        scene.gate.add_permits(2);
        assert_eq!(waits.await.unwrap(), answer(2));
        assert_eq!(scene.asked().await, [4]);
        assert_eq!(behind.await.unwrap(), answer(4));
    }

    #[tokio::test]
    async fn a_statement_that_panics_ends_its_own_reads_alone() {
        let mut scene = Scene::new(1);
        let first = scene.begin(1).await;
        let panics = scene.begin(666).await;
        scene.gate.add_permits(1);
        assert_eq!(first.await.unwrap(), answer(1));
        assert_eq!((scene.asked().await, scene.asked().await), (vec![1], vec![666]));
        let behind = scene.begin(2).await;
        scene.gate.add_permits(2);
        assert_eq!(panics.await.unwrap(), Reader::unanswered());
        assert_eq!(behind.await.unwrap(), answer(2));
    }

    #[tokio::test]
    async fn as_many_are_under_way_as_may_be() {
        let mut scene = Scene::new(2);
        let mut reads = Vec::new();
        for key in 1..=4 {
            reads.push(scene.begin(key).await);
        }
        assert_eq!(
            (scene.asked().await, scene.asked().await),
            (vec![1], vec![2]),
            "neither waits for the other"
        );
        assert!(scene.asked.try_recv().is_err(), "the others wait");
        scene.gate.add_permits(1);
        assert_eq!(scene.asked().await, [3, 4]);
        scene.gate.add_permits(2);
        for (read, key) in reads.into_iter().zip(1..) {
            assert_eq!(read.await.unwrap(), answer(key));
        }
        let next = [scene.begin(5).await, scene.begin(6).await];
        assert_eq!(
            (scene.asked().await, scene.asked().await),
            (vec![5], vec![6]),
            "nothing is under way any more"
        );
        scene.gate.add_permits(2);
        for (read, key) in next.into_iter().zip(5..) {
            assert_eq!(read.await.unwrap(), answer(key));
        }
    }

    #[tokio::test]
    async fn a_statement_has_a_largest_size() {
        let mut scene = Scene::new(1);
        let mut reads = Vec::new();
        for key in 0..=u32::try_from(LARGEST).unwrap() + 1 {
            reads.push(scene.begin(key).await);
        }
        scene.gate.add_permits(3);
        let sizes = [scene.asked().await.len(), scene.asked().await.len(), scene.asked().await.len()];
        assert_eq!(sizes, [1, LARGEST, 1]);
        for (read, key) in reads.into_iter().zip(0..) {
            assert_eq!(read.await.unwrap(), answer(key));
        }
    }
}
