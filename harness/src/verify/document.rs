//! A certificate as a document.

use super::{Certificate, Compared};
use crate::analysis::words::counted;
use crate::document::{Answer, Document, Table, Tone};

/// Rows of the table of differences; JSON has all.
const SHOWN: usize = 50;

impl Answer for Certificate {
    fn document(&self) -> Document {
        let tone = if self.equal { Tone::Good } else { Tone::Bad };
        let mut document = Document::of_toned(answer(self), tone);
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "missing".to_owned());
        let mut table = Table::of(self.differences.iter().take(SHOWN))
            .text("what", |difference| difference.what.clone())
            .text(&self.sides.left, |difference| side(&difference.left))
            .text(&self.sides.right, |difference| side(&difference.right));
        if let Some(more) = self.differences.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            table = table.note(format!("and {more} more"));
        }
        document.table(table).section("Not compared", self.not_compared.clone());
        document
    }
}

fn answer(certificate: &Certificate) -> String {
    let Compared { objects, tables, rows, sequences, large_objects } = certificate.compared;
    let compared = [
        counted(objects as u64, "definition"),
        format!("{} of {}", counted(rows, "row"), counted(tables as u64, "table")),
        counted(sequences as u64, "sequence"),
        counted(large_objects as u64, "large object"),
    ]
    .join(", ");
    let sides = format!("{} and {}", certificate.sides.left, certificate.sides.right);
    match certificate.differences.len() {
        0 => format!("Equal: {sides} hold the same {compared}."),
        1 => format!("Different: {sides} differ in one thing, of {compared}."),
        count => format!("Different: {sides} differ in {count} things, of {compared}."),
    }
}
