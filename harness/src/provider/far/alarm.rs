//! Wakes tasks at an instant, to some tens of microseconds: tokio's own timers count in whole
//! milliseconds, and a round trip may be one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::sync::oneshot;
use tokio::time::Instant;

/// A thread that sleeps until the next instant that somebody waits for. It ends when the last
/// clone is dropped.
#[derive(Clone)]
pub(super) struct Alarm {
    shared: Arc<Guard>,
}

struct Guard(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    changed: Condvar,
}

#[derive(Default)]
struct Queue {
    waiting: BinaryHeap<Reverse<Waiting>>,
    is_closed: bool,
}

struct Waiting {
    due: Instant,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.due == other.due
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due)
    }
}

impl Alarm {
    pub(super) fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let own = Arc::clone(&shared);
        thread::spawn(move || own.run());
        Self { shared: Arc::new(Guard(shared)) }
    }

    /// Resolves at `due`, or at once if that is over.
    pub(super) async fn at(&self, due: Instant) {
        if due <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let shared = &self.shared.0;
        let is_next = {
            let mut queue = shared.lock();
            let is_next = queue.waiting.peek().is_none_or(|Reverse(next)| due < next.due);
            queue.waiting.push(Reverse(Waiting { due, wake }));
            is_next
        };
        if is_next {
            shared.changed.notify_one();
        }
        // The thread lives as long as this alarm does.
        let _ = woken.await;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut queue = self.lock();
        while !queue.is_closed {
            let now = Instant::now();
            let next = queue.waiting.peek().map(|Reverse(next)| next.due);
            queue = match next {
                Some(due) if due <= now => {
                    if let Some(Reverse(waiting)) = queue.waiting.pop() {
                        // Who no longer waits needs no waking.
                        let _ = waiting.wake.send(());
                    }
                    queue
                }
                Some(due) => {
                    let waited = self.changed.wait_timeout(queue, due - now);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn everybody_is_woken_in_the_order_of_their_instants() {
        let alarm = Alarm::start();
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for millis in [9, 3, 6, 0] {
            let alarm = alarm.clone();
            tasks.spawn(async move {
                let due = start + Duration::from_millis(millis);
                alarm.at(due).await;
                assert!(Instant::now() >= due);
                millis
            });
        }
        assert_eq!(tasks.join_all().await, [0, 3, 6, 9]);
    }
}
