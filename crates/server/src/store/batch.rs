//! Reads that go out together.
//!
//! A database answers one statement for sixteen projects about four times as fast as sixteen statements. So reads of a
//! kind that arrive while a statement of that kind is under way go out together in the next one. A read that finds
//! nothing under way goes out at once, so batches grow with the load by themselves, and nothing waits for a timer. The
//! statement of a read always begins after the read arrived: no answer is older than its request.

use std::{
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{runtime::Handle, sync::oneshot};

/// The most keys in one statement. Later ones wait for the next.
const LARGEST: usize = 64;

/// A statement that answers many reads at once.
pub(super) trait ReadMany: Send + Sync + 'static {
    /// What one read asks for.
    type Key: Copy + Eq + Hash + Send + Sync;
    /// What it gets. Reads of the same key share it.
    type Answer: Clone + Send + Sync;

    /// Runs the statement for `keys`, of which no two are equal. Returns an answer for each, in their order.
    fn read_many(&self, keys: &[Self::Key]) -> impl Future<Output = Vec<Self::Answer>> + Send;

    /// The answer to a read whose statement ended without one: its task panicked, or the server stops.
    fn unanswered() -> Self::Answer;
}

/// The reads of one kind.
pub(super) struct Batch<R: ReadMany> {
    reader: R,
    queue: Mutex<Queue<R>>,
}

struct Queue<R: ReadMany> {
    is_under_way: bool,
    waiting: Vec<Waiting<R>>,
}

struct Waiting<R: ReadMany> {
    key: R::Key,
    answer: oneshot::Sender<R::Answer>,
}

impl<R: ReadMany> Batch<R> {
    pub(super) fn new(reader: R) -> Arc<Self> {
        Arc::new(Self { reader, queue: Mutex::new(Queue { is_under_way: false, waiting: Vec::new() }) })
    }

    /// Reads `key`, at once or with others.
    pub(super) async fn read(self: &Arc<Self>, key: R::Key) -> R::Answer {
        let answer = match self.join(key) {
            Place::First(turn) => turn.batch.reader.read_many(&[key]).await.pop(),
            Place::Behind(answer) => answer.await.ok(),
        };
        answer.unwrap_or_else(R::unanswered)
    }

    fn join(self: &Arc<Self>, key: R::Key) -> Place<R> {
        let mut queue = self.queue();
        if !queue.is_under_way {
            queue.is_under_way = true;
            return Place::First(Turn { batch: Arc::clone(self) });
        }
        let (answer, receiver) = oneshot::channel();
        queue.waiting.push(Waiting { key, answer });
        Place::Behind(receiver)
    }

    fn queue(&self) -> MutexGuard<'_, Queue<R>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers reads with one statement.
    async fn answer(&self, reads: Vec<Waiting<R>>) {
        let mut keys = Vec::with_capacity(reads.len());
        for read in &reads {
            if !keys.contains(&read.key) {
                keys.push(read.key);
            }
        }
        let answers = self.reader.read_many(&keys).await;
        for read in reads {
            let position = keys.iter().position(|key| *key == read.key);
            if let Some(answer) = position.and_then(|position| answers.get(position)) {
                // It fails if the client left.
                drop(read.answer.send(answer.clone()));
            }
        }
    }
}

enum Place<R: ReadMany> {
    First(Turn<R>),
    Behind(oneshot::Receiver<R::Answer>),
}

/// The right to have a statement under way. However it ends, by an answer, a panic or a client that left, those who
/// wait go out next, in a task of their own.
struct Turn<R: ReadMany> {
    batch: Arc<Batch<R>>,
}

impl<R: ReadMany> Drop for Turn<R> {
    fn drop(&mut self) {
        let mut queue = self.batch.queue();
        // Nobody waits for these any more.
        queue.waiting.retain(|read| !read.answer.is_closed());
        let reads: Vec<_> = {
            let count = queue.waiting.len().min(LARGEST);
            queue.waiting.drain(..count).collect()
        };
        let runtime = Handle::try_current();
        let (Ok(runtime), false) = (runtime, reads.is_empty()) else {
            queue.is_under_way = false;
            return;
        };
        drop(queue);
        let turn = Self { batch: Arc::clone(&self.batch) };
        runtime.spawn(async move { turn.batch.answer(reads).await });
    }
}

impl<R: ReadMany> fmt::Debug for Batch<R> {
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

    impl ReadMany for Reader {
        type Key = u32;
        type Answer = String;

        async fn read_many(&self, keys: &[u32]) -> Vec<String> {
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
        fn new() -> Self {
            let (sender, asked) = mpsc::unbounded_channel();
            let gate = Arc::new(Semaphore::new(0));
            let batch = Batch::new(Reader { asked: sender, gate: Arc::clone(&gate) });
            Self { batch, asked, gate }
        }

        /// Begins a read, and returns when it goes out or waits.
        async fn begin(&self, key: u32) -> tokio::task::JoinHandle<String> {
            let batch = Arc::clone(&self.batch);
            let read = tokio::spawn(async move { batch.read(key).await });
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
        let mut scene = Scene::new();
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
        let mut scene = Scene::new();
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
        let mut scene = Scene::new();
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
        let mut scene = Scene::new();
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
    async fn a_statement_has_a_largest_size() {
        let mut scene = Scene::new();
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
