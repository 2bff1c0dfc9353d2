//! The gate through which data goes to the server: it can be shut between two
//! pieces of a COPY, which then waits, and nothing of it is lost.

use std::time::Duration;

use tokio::sync::watch;

use crate::control::Flow;

/// Lets data through, or not.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<Flow>);

impl Default for Gate {
    fn default() -> Self {
        Self(watch::Sender::new(Flow::OPEN))
    }
}

impl Gate {
    pub(crate) fn set(&self, flow: Flow) {
        self.0.send_if_modified(|present| std::mem::replace(present, flow) != flow);
    }

    /// Waits until the next piece may go, after one that took so long to send:
    /// of a stream at a quarter of its pace, three times as long.
    pub(crate) async fn pass(&self, sending: Duration) {
        let mut flow = self.0.subscribe();
        loop {
            let present = *flow.borrow_and_update();
            let Some(rest) = present.rest_after(sending) else {
                // The sender lives as long as this gate.
                let _ = flow.changed().await;
                continue;
            };
            if rest.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(rest) => return,
                _ = flow.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shut_gate_holds_until_it_opens() {
        let gate = Gate::default();
        gate.pass(Duration::from_secs(1)).await;
        gate.set(Flow::SHUT);
        let pass = gate.pass(Duration::ZERO);
        assert!(timeout(Duration::from_secs(60), pass).await.is_err());
        let opened = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            gate.set(Flow::OPEN);
        };
        let began = Instant::now();
        tokio::join!(gate.pass(Duration::ZERO), opened);
        assert_eq!(began.elapsed(), Duration::from_secs(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_at_a_quarter_of_its_pace_rests_three_times_as_long() {
        let gate = Gate::default();
        gate.set(Flow::percent(25).unwrap());
        let began = Instant::now();
        gate.pass(Duration::from_millis(100)).await;
        assert_eq!(began.elapsed(), Duration::from_millis(300));
    }
}
