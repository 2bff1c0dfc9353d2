//! Keys that are made by two statements.

use std::sync::Arc;

use super::{Outcome, Worker};
use crate::native::error::NativeError;
use crate::native::journal::Done;
use crate::plan::ItemIndex;

impl Worker {
    /// Sends the first statement of a key. Where that fails, the key itself
    /// will.
    pub(crate) async fn begin_key(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let context = Arc::clone(&self.context);
        let key = context.choices.staged(item);
        let Some(key) = key.filter(|_| !context.is_done(item, Done::KeyBegun)) else {
            return Ok(Outcome::default());
        };
        let errors = self.select_for_definition(item).await?;
        let note = context.note(item, Done::KeyBegun).unwrap_or_default();
        let sql = format!("{}\n;\n{note}", key.begin);
        if self.execute(&sql, &self.doing(item)).await?.is_ok() {
            context.mark_made(item);
        }
        Ok(Outcome::of_errors(errors))
    }

    /// Sends the second statement of a key, or the archive's own where the
    /// first was refused.
    pub(crate) async fn complete_key(&mut self, item: ItemIndex) -> Result<Outcome, NativeError> {
        let context = Arc::clone(&self.context);
        let is_begun = context.is_made(item) || context.is_done(item, Done::KeyBegun);
        let Some(key) = context.choices.staged(item).filter(|_| is_begun) else {
            return self.define(item).await;
        };
        // Errors were told of with the first statement.
        let _ = self.select_for_definition(item).await?;
        let note = context.note(item, Done::Item).unwrap_or_default();
        let sql = format!("{}\n;\n{note}", key.complete);
        if self.execute(&sql, &self.doing(item)).await?.is_ok() {
            return Ok(Outcome::default());
        }
        // Whatever the reason: the archive's own statement will tell.
        let _ = self.execute(&key.undo, &self.doing(item)).await?;
        self.define(item).await
    }
}
