//! Several small tables in one transaction: a commit for all of them, and one
//! message that empties them.

use futures_util::future::try_join_all;

use super::load::Start;
use super::{Outcome, Worker};
use crate::native::error::NativeError;
use crate::native::journal::Done;
use crate::native::sql::qualified;
use crate::plan::ItemIndex;

impl Worker {
    /// Loads the rows of small tables together; if the server refuses any of
    /// them, each by itself.
    pub(crate) async fn load_together(
        &mut self,
        items: &[ItemIndex],
    ) -> Result<Outcome, NativeError> {
        if items.iter().all(|&item| self.start_of(item) != Start::AsItIs) && self.needs_no_select()
        {
            if let Some(rows) = self.load_in_one(items).await? {
                return Ok(Outcome { rows, ..Outcome::default() });
            }
            // Whichever statement was refused.
            self.reconnect().await?;
        }
        let mut outcome = Outcome::default();
        for &item in items {
            outcome.add(self.load(item).await?);
        }
        Ok(outcome)
    }

    /// Whether all tables can be loaded as the session is: one user, and names
    /// with their schemas.
    fn needs_no_select(&self) -> bool {
        self.context.session.names_schemas() && !self.context.settings.set_session_authorization
    }

    /// Loads all or none; gives the rows of each.
    async fn load_in_one(
        &self,
        items: &[ItemIndex],
    ) -> Result<Option<Vec<(ItemIndex, u64)>>, NativeError> {
        let tables: Vec<_> = items
            .iter()
            .map(|&item| {
                let entry = self.context.item(item);
                format!("ONLY {}", qualified(entry.namespace.as_deref(), entry.name()))
            })
            .collect();
        let begin = format!("BEGIN;\nTRUNCATE TABLE {}", tables.join(", "));
        if self.execute(&begin, DOING).await?.is_err() {
            return Ok(None);
        }
        let loads = items.iter().map(|&item| async move {
            let sql = self.copy_statement(item, self.context.tuning.freeze);
            let loaded = self.stream(item, &sql, self.context.data(item).stream()).await?;
            Ok::<_, NativeError>(loaded.ok().map(|rows| (item, rows)))
        });
        let rows: Option<Vec<_>> = try_join_all(loads).await?.into_iter().collect();
        let Some(rows) = rows else { return Ok(None) };
        let notes = items.iter().filter_map(|&item| self.context.note(item, Done::Item));
        let end: Vec<_> = notes.chain(["COMMIT".to_owned()]).collect();
        let committed = self.execute(&end.join(";\n"), DOING).await?;
        Ok(committed.is_ok().then_some(rows))
    }
}

/// What the connection is used for, for an error that says it was lost.
const DOING: &str = "loading small tables";
