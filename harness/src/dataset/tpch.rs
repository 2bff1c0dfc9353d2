//! TPC-H by the `tpchgen` crate, streamed into COPY.
//!
//! Tables, primary and foreign keys are those of the specification (revision
//! 3.0.1, section 1.4); the indexes are on the foreign keys and on the dates
//! that its queries filter by.

use std::fmt::{Display, Write as _};

use anyhow::{Context as _, bail};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio_postgres::Client;
use tpchgen::generators::{
    CustomerGenerator, LineItemGenerator, NationGenerator, OrderGenerator, PartGenerator,
    PartSuppGenerator, RegionGenerator, SupplierGenerator,
};

use crate::provider::Server;

const TABLES: &str = include_str!("tpch_tables.sql");
const KEYS: &str = include_str!("tpch_keys.sql");

/// What the generators make, as part of the digest of archives made of it.
pub(super) const GENERATOR: &str = "tpchgen 4";

/// The digest's part that changes with the schema.
pub(super) fn schema() -> String {
    format!("{TABLES}{KEYS}")
}

/// Rows are sent in pieces of about this size: large enough that the
/// messages' own cost vanishes, small enough to overlap both sides.
const PIECE: usize = 256 * 1024;

/// Makes tables, rows, keys and indexes.
pub(super) async fn fill(server: &Server, database: &str, scale: f64) -> anyhow::Result<()> {
    if !has_unique_keys(scale) {
        bail!(
            "TPC-H at scale {scale} has duplicate keys: the specification's formula for the \
             suppliers of a part repeats itself with so few of them; choose scale 0.01, or any \
             from 0.025 on"
        );
    }
    let connection = server.connect(database).await?;
    let client = &connection.client;
    client.batch_execute(TABLES).await.context("cannot make the tables of TPC-H")?;
    copy(client, "region", move || RegionGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "nation", move || NationGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "supplier", move || SupplierGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "customer", move || CustomerGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "part", move || PartGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "partsupp", move || PartSuppGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "orders", move || OrderGenerator::new(scale, 1, 1).iter()).await?;
    copy(client, "lineitem", move || LineItemGenerator::new(scale, 1, 1).iter()).await?;
    client.batch_execute(KEYS).await.context("cannot make the keys and indexes of TPC-H")
}

/// Whether the four suppliers of every part are four (specification 4.2.3,
/// `PS_SUPPKEY`): the i-th of part p is (p + i (S/4 + (p - 1)/S)) mod S + 1,
/// with S suppliers.
fn has_unique_keys(scale: f64) -> bool {
    let suppliers = (10_000.0 * scale) as u64;
    let parts = (200_000.0 * scale) as u64;
    if suppliers == 0 || parts == 0 {
        return false;
    }
    (0..=(parts - 1) / suppliers)
        .all(|round| (1..4).all(|i| !(i * (suppliers / 4 + round)).is_multiple_of(suppliers)))
}

/// Streams the rows of a generator, which runs in a thread of its own, into a
/// table.
async fn copy<R, G>(client: &Client, table: &str, rows: R) -> anyhow::Result<()>
where
    R: FnOnce() -> G + Send + 'static,
    G: Iterator<Item: Display>,
{
    let failed = || format!("cannot fill table {table}");
    let (sender, mut pieces) = mpsc::channel::<Bytes>(4);
    let generator = tokio::task::spawn_blocking(move || generate(rows(), &sender));
    let statement = format!("COPY {table} FROM STDIN (DELIMITER '|')");
    let sink = client.copy_in(&statement).await.with_context(failed)?;
    let mut sink = std::pin::pin!(sink);
    while let Some(piece) = pieces.recv().await {
        sink.send(piece).await.with_context(failed)?;
    }
    sink.finish().await.with_context(failed)?;
    generator.await.with_context(failed)
}

fn generate<G>(rows: G, sender: &mpsc::Sender<Bytes>)
where
    G: Iterator<Item: Display>,
{
    let mut piece = BytesMut::with_capacity(PIECE + 1024);
    for row in rows {
        // Writing into memory does not fail.
        let _ = write!(piece, "{row}");
        // dbgen's format has a bar behind every column; COPY, between them.
        let end = piece.len() - 1;
        piece[end] = b'\n';
        if piece.len() >= PIECE && sender.blocking_send(piece.split().freeze()).is_err() {
            // The other side has failed and says why.
            return;
        }
    }
    let _ = sender.blocking_send(piece.freeze());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_scales_have_duplicate_keys() {
        for scale in [0.01, 0.025, 0.05, 0.1, 0.3, 1.0, 100.0] {
            assert!(has_unique_keys(scale), "{scale}");
        }
        // 0.002 was seen to fail on a real server: key (118, 19) twice.
        for scale in [0.000_01, 0.002, 0.012] {
            assert!(!has_unique_keys(scale), "{scale}");
        }
    }

    #[tokio::test]
    async fn rows_have_as_many_columns_as_copy_expects() {
        let (sender, mut pieces) = mpsc::channel(4);
        tokio::task::spawn_blocking(move || {
            generate(RegionGenerator::new(1.0, 1, 1).iter(), &sender);
        });
        let piece = pieces.recv().await.unwrap();
        let text = std::str::from_utf8(&piece).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 5);
        assert!(lines[0].starts_with("0|AFRICA|"));
        assert!(lines.iter().all(|line| line.matches('|').count() == 2), "{text}");
        assert!(text.ends_with('\n'));
    }
}
