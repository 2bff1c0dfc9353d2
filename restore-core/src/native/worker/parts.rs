//! Data that several workers load at once, each part in a transaction of its
//! own.

use bytes::Bytes;
use futures_util::SinkExt;
use tokio::time::Instant;
use tokio_postgres::{CopyInSink, Statement};

use super::load::LoadFailure;
use super::{Outcome, Worker, refusal};
use crate::event::EventKind;
use crate::native::error::NativeError;
use crate::native::journal::Done;
use crate::native::source::{Content, Feed, Part};
use crate::plan::ItemIndex;

/// What of a slice is sent at once: between pieces it can be held back.
const PIECE: usize = 256 << 10;

impl Worker {
    /// Loads parts of an item until there are no more. If the server refuses
    /// one, all of the item's rows must be loaded anew: COPY loads all rows of
    /// a table or none.
    pub(crate) async fn load_parts(
        &mut self,
        item: ItemIndex,
        feed: &Feed,
    ) -> Result<Outcome, NativeError> {
        let mut outcome = Outcome::of_errors(self.select_for_data(item).await?);
        let mut copy = None;
        while let Some(part) = feed.next().await {
            match part {
                Ok(Part { number, content: Content::Rows(rows) }) => {
                    let loaded = self.load_slice(item, number, rows, &mut copy).await?;
                    outcome.rows.extend(loaded.map(|rows| (item, rows)));
                    outcome.must_reload = loaded.is_none();
                }
                Ok(Part { number, content: Content::Objects(pieces) }) => {
                    outcome.errors.extend(self.fill_objects(item, number, &pieces).await?);
                }
                // Unreadable rows are reported when all are loaded anew.
                Err(_) if self.context.item(item).is_copied() => outcome.must_reload = true,
                Err(error) => {
                    outcome.errors.push(self.load_error(item, LoadFailure::Archive(error)));
                    feed.stop();
                }
            }
            if outcome.must_reload {
                feed.stop();
            }
        }
        Ok(outcome)
    }

    /// Loads a slice; `None` if the server refuses something of it.
    async fn load_slice(
        &mut self,
        item: ItemIndex,
        number: u32,
        rows: Bytes,
        copy: &mut Option<Statement>,
    ) -> Result<Option<u64>, NativeError> {
        let loaded = match self.execute("BEGIN", &self.doing(item)).await? {
            Ok(()) => self.send_slice(item, rows, copy).await?,
            Err(_) => None,
        };
        if let Some(rows) = loaded
            && self.commit(item, Done::Part(number)).await?.is_ok()
        {
            return Ok(Some(rows));
        }
        // Whichever statement was refused: see `reconnect`.
        *copy = None;
        self.reconnect().await?;
        Ok(None)
    }

    async fn send_slice(
        &self,
        item: ItemIndex,
        rows: Bytes,
        copy: &mut Option<Statement>,
    ) -> Result<Option<u64>, NativeError> {
        let client = &self.connection.client;
        let bytes = rows.len() as u64;
        let send = async {
            let statement = match copy.take() {
                Some(statement) => statement,
                None => client.prepare(&self.copy_statement(item, false)).await?,
            };
            let sink: CopyInSink<Bytes> = client.copy_in(&statement).await?;
            let mut sink = Box::pin(sink);
            let mut rest = rows;
            while !rest.is_empty() {
                let piece = rest.split_to(PIECE.min(rest.len()));
                let began = Instant::now();
                sink.send(piece).await?;
                self.context.gate.pass(began.elapsed()).await;
            }
            let count = sink.as_mut().finish().await?;
            *copy = Some(statement);
            Ok(count)
        };
        match send.await {
            Ok(count) => {
                let item = self.context.plan.id(item);
                self.context.reporter.tell(EventKind::Sent { item, bytes });
                Ok(Some(count))
            }
            Err(error) => refusal(error, &self.doing(item)).map(|_| None),
        }
    }
}
