//! Dropping what is in the way (`--clean`).

use std::sync::Arc;

use super::Worker;
use crate::engine::RestoreError;
use crate::native::error::NativeError;
use crate::native::journal::{Done, Journal};
use crate::plan::ItemIndex;
use crate::units::DumpId;

impl Worker {
    /// Drops an item's object by these statements.
    pub(crate) async fn drop_object(
        &mut self,
        item: ItemIndex,
        statements: &[String],
    ) -> Result<Vec<RestoreError>, NativeError> {
        if statements.is_empty() {
            return Ok(Vec::new());
        }
        let mut errors = self.select_for_data(item).await?;
        errors.extend(self.execute_each(item, statements).await?);
        Ok(errors)
    }

    /// Notes that everything is dropped.
    pub(crate) async fn after_clean(&mut self) -> Result<(), NativeError> {
        let context = Arc::clone(&self.context);
        self.state.forget_schema();
        if context.journal.is_some() {
            // The journal notes it under the number that no item has.
            let note = Journal::note(DumpId(0), Done::Clean);
            let noted = self.execute(&note, "dropping objects").await?;
            noted.map_err(|message| NativeError::Journal(message.to_string()))?;
        }
        Ok(())
    }
}
