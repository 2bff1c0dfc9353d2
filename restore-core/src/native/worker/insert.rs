//! Data that is SQL (`pg_dump --inserts`).

use tokio::time::Instant;

use super::load::LoadFailure;
use super::{Outcome, Worker};
use crate::engine::RestoreError;
use crate::event::EventKind;
use crate::native::error::NativeError;
use crate::native::failure::ServerMessage;
use crate::native::journal::Done;
use crate::native::sql::{Destination, StatementCutter};
use crate::plan::ItemIndex;

/// Statements that are sent in one message.
const BYTES_PER_MESSAGE: usize = 128 << 10;

/// How statements are sent.
enum Way {
    /// Many in a message, in the transaction that is open.
    Together,
    /// Each alone and in a transaction of its own, as `pg_restore -j 1` does.
    OneByOne,
}

impl Worker {
    /// Runs an item's statements in one transaction; if one is refused, each
    /// in one of its own, so that the others are done.
    pub(super) async fn insert(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let entry = self.context.item(item);
        let empties =
            self.context.made_table_of(item) && Destination::of(entry) == Destination::OwnTable;
        let begin = self.begin_load(item, empties);
        let doing = self.doing(item);
        if self.execute(&begin, &doing).await?.is_ok() {
            let errors = self.send_statements(item, Way::Together).await?;
            if errors.is_empty() && self.commit(item, Done::Item).await?.is_ok() {
                return Ok(Outcome::default());
            }
        }
        self.roll_back(item).await?;
        let errors = self.send_statements(item, Way::OneByOne).await?;
        if errors.is_empty() {
            self.note_errors(item, &[]).await?;
        }
        Ok(Outcome::of_errors(errors))
    }

    /// Sends an item's statements. Together, it ends at the first error.
    async fn send_statements(
        &self,
        item: ItemIndex,
        way: Way,
    ) -> Result<Vec<RestoreError>, NativeError> {
        let contents = &self.context.contents;
        let text = |sql: &[u8]| contents.sql.text(&contents.archive, sql);
        let mut cutter = StatementCutter::new(self.context.session.standard_strings());
        let mut data = self.context.data(item).stream();
        let mut errors = Vec::new();
        let mut message = String::new();
        while let Some(piece) = data.recv().await {
            let piece = match piece {
                Ok(piece) => piece,
                Err(error) => {
                    errors.push(self.load_error(item, LoadFailure::Archive(error)));
                    return Ok(errors);
                }
            };
            let bytes = piece.len() as u64;
            for statement in cutter.push(&piece) {
                let statement = text(&statement);
                message.push_str(&statement);
                message.push('\n');
                let is_full = matches!(way, Way::OneByOne) || message.len() >= BYTES_PER_MESSAGE;
                if is_full && let Err(refused) = self.send_message(item, &mut message).await? {
                    errors.push(self.error(item, refused, &statement));
                    if matches!(way, Way::Together) || self.context.exit_on_error {
                        return Ok(errors);
                    }
                }
            }
            self.context.reporter.tell(EventKind::Sent { item: self.context.plan.id(item), bytes });
        }
        // What is left of a damaged stream is no statement.
        let rest = text(cutter.rest()).trim().to_owned();
        message.push_str(&rest);
        if let Err(refused) = self.send_message(item, &mut message).await? {
            errors.push(self.error(item, refused, &rest));
        }
        Ok(errors)
    }

    async fn send_message(
        &self,
        item: ItemIndex,
        message: &mut String,
    ) -> Result<Result<(), ServerMessage>, NativeError> {
        let sql = std::mem::take(message);
        if sql.is_empty() {
            return Ok(Ok(()));
        }
        let began = Instant::now();
        let sent = self.execute(&sql, &self.doing(item)).await?;
        self.context.gate.pass(began.elapsed()).await;
        Ok(sent)
    }
}
