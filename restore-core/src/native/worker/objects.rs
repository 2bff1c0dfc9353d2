//! The contents of large objects.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use tokio::time::Instant;
use tokio_postgres::{Client, Error as PgError};

use super::{Worker, refusal};
use crate::archive::ArchiveVersion;
use crate::engine::RestoreError;
use crate::event::EventKind;
use crate::native::error::NativeError;
use crate::native::failure::ServerMessage;
use crate::native::journal::Done;
use crate::native::source::ObjectPiece;
use crate::plan::ItemIndex;
use crate::units::Oid;

/// Before format 1.12 (PostgreSQL 9.0) no item makes large objects: they are
/// made as their data comes (`StartRestoreLO`).
const MAKES_OBJECTS_BY_ITEMS: ArchiveVersion = ArchiveVersion { major: 1, minor: 12, revision: 0 };

impl Worker {
    /// Writes pieces of large objects in one transaction; if that fails, each
    /// object in one of its own, so that the others are there.
    pub(super) async fn fill_objects(
        &self,
        item: ItemIndex,
        number: u32,
        pieces: &[ObjectPiece],
    ) -> Result<Vec<RestoreError>, NativeError> {
        let began = Instant::now();
        let filled = self.fill_together(item, pieces, Some(number)).await?;
        self.context.gate.pass(began.elapsed()).await;
        if filled.is_ok() {
            return Ok(Vec::new());
        }
        let mut by_object: BTreeMap<Oid, Vec<ObjectPiece>> = BTreeMap::new();
        for piece in pieces {
            by_object.entry(piece.oid).or_default().push(piece.clone());
        }
        let mut errors = Vec::new();
        for (oid, pieces) in by_object {
            if let Err(message) = self.fill_together(item, &pieces, None).await? {
                let statement = format!("SELECT pg_catalog.lo_put({}, ...)", oid.0);
                errors.push(self.error(item, message, &statement));
            }
        }
        if let Some(note) = self.context.note(item, Done::Part(number)) {
            // Without the note, a resumed restore writes the same again.
            let _ = self.execute(&note, &self.doing(item)).await?;
        }
        Ok(errors)
    }

    async fn fill_together(
        &self,
        item: ItemIndex,
        pieces: &[ObjectPiece],
        number: Option<u32>,
    ) -> Result<Result<(), ServerMessage>, NativeError> {
        let doing = self.doing(item);
        if let Err(message) = self.execute("BEGIN", &doing).await? {
            return Ok(Err(message));
        }
        let makes = self.context.contents.archive.header().version < MAKES_OBJECTS_BY_ITEMS;
        let written = match write(&self.connection.client, pieces, makes).await {
            Ok(()) => match number {
                Some(number) => self.commit(item, Done::Part(number)).await?,
                None => self.execute("COMMIT", &doing).await?,
            },
            Err(error) => Err(refusal(error, &doing)?),
        };
        if written.is_err() {
            self.roll_back(item).await?;
        } else {
            let bytes = pieces.iter().map(|piece| piece.data.len() as u64).sum();
            let item = self.context.plan.id(item);
            self.context.reporter.tell(EventKind::Sent { item, bytes });
        }
        Ok(written)
    }
}

/// Writes all pieces, without waiting for one before the next is sent.
async fn write(client: &Client, pieces: &[ObjectPiece], makes: bool) -> Result<(), PgError> {
    if makes {
        let make = client.prepare("SELECT pg_catalog.lo_create($1)").await?;
        for piece in pieces.iter().filter(|piece| piece.offset == 0) {
            client.execute(&make, &[&piece.oid.0]).await?;
        }
    }
    let put = client.prepare("SELECT pg_catalog.lo_put($1, $2, $3)").await?;
    let put = &put;
    let writes = pieces.iter().filter(|piece| !piece.data.is_empty()).map(|piece| async move {
        client.execute(put, &[&piece.oid.0, &piece.offset, &piece.data.as_ref()]).await
    });
    try_join_all(writes).await.map(|_| ())
}
