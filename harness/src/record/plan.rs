//! `plans/DIGEST.csv`: what of an archive's table of contents decides the
//! order of its restore. With it a run can be replayed, and other numbers of
//! jobs predicted, long after the archive is gone.

use restore_core::plan::{Entry, PgMajor, Plan, PlanError};
use restore_core::selection::{Parts, Selected, is_restored_by_default};
use restore_core::toc::{Item, ItemKind, Section, Toc};
use restore_core::units::{Bytes, DumpId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One item of an archive, in the order of its table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRow {
    /// Number in the archive.
    pub dump_id: DumpId,
    /// Kind, in the archive's words.
    pub kind: ItemKind,
    /// Which part of the restore it belongs to.
    pub section: Section,
    /// Schema; empty where it has none.
    pub schema: String,
    /// Name as the archive gives it.
    pub name: String,
    /// Whether the archive has data or SQL for it.
    pub has_content: bool,
    /// Numbers of the items that must be there first, with spaces between.
    #[serde(serialize_with = "join", deserialize_with = "split")]
    pub dependencies: Vec<DumpId>,
    /// Size of its data as stored, where the archive tells.
    pub data_bytes: Option<Bytes>,
    /// Whether anything is restored of it. Of a run without options for
    /// selection no row says so, and kind and contents decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<bool>,
}

impl PlanRow {
    fn new(item: &Item, restored: Option<bool>) -> Self {
        Self {
            dump_id: item.id,
            kind: item.kind.clone(),
            section: item.section,
            schema: item.namespace.clone().unwrap_or_default(),
            name: item.name().to_owned(),
            has_content: item.has_content(),
            dependencies: item.dependencies.clone(),
            data_bytes: item.data_length,
            restored,
        }
    }

    /// Its name with the schema, as items are shown.
    pub fn qualified_name(&self) -> String {
        if self.schema.is_empty() {
            self.name.clone()
        } else {
            format!("{}.{}", self.schema, self.name)
        }
    }

    fn entry(&self) -> Entry<'_> {
        Entry {
            id: self.dump_id,
            kind: &self.kind,
            section: self.section,
            name: &self.name,
            is_wanted: self.restored.unwrap_or_else(|| {
                is_restored_by_default(self.kind.as_str(), &self.name, self.has_content)
            }),
            dependencies: &self.dependencies,
            data_length: self.data_bytes,
        }
    }
}

/// What a run keeps of the table of contents of one of its archives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedPlan {
    /// The items, in the order of the table of contents.
    pub rows: Vec<PlanRow>,
}

impl RecordedPlan {
    /// The plan that `pg_restore` of version `major` follows.
    pub fn plan(&self, major: PgMajor) -> Result<Plan, PlanError> {
        let entries: Vec<Entry<'_>> = self.rows.iter().map(PlanRow::entry).collect();
        Plan::from_entries(&entries, major)
    }
}

impl RecordedPlan {
    /// Whether the rows are the items of this table of contents in its order,
    /// whatever of them was restored.
    pub fn has_items_of(&self, toc: &Toc) -> bool {
        let rows = self.rows.iter().map(|row| PlanRow { restored: None, ..row.clone() });
        rows.eq(toc.items.iter().map(|item| PlanRow::new(item, None)))
    }
}

impl From<&Toc> for RecordedPlan {
    fn from(toc: &Toc) -> Self {
        Self { rows: toc.items.iter().map(|item| PlanRow::new(item, None)).collect() }
    }
}

impl From<&Selected<'_>> for RecordedPlan {
    /// What options leave of an archive, in the order of the restore.
    fn from(selected: &Selected<'_>) -> Self {
        let row = |(item, parts): (_, Parts)| PlanRow::new(item, Some(!parts.is_empty()));
        Self { rows: selected.with_parts().map(row).collect() }
    }
}

fn join<S: Serializer>(ids: &[DumpId], serializer: S) -> Result<S::Ok, S::Error> {
    let words: Vec<String> = ids.iter().map(DumpId::to_string).collect();
    serializer.serialize_str(&words.join(" "))
}

fn split<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<DumpId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let id = |word: &str| word.parse().map(DumpId);
    text.split_whitespace().map(id).collect::<Result<_, _>>().map_err(|_| {
        serde::de::Error::custom(format!("{text:?} is not a list of item numbers with spaces"))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::record::table;

    #[test]
    fn plans_come_back_as_they_were_written() {
        let row = |dump_id, kind: &str, section, dependencies: &[u32]| PlanRow {
            dump_id: DumpId(dump_id),
            kind: kind.into(),
            section,
            schema: String::new(),
            name: "größe, \"x\"\nand more".to_owned(),
            has_content: dump_id == 7,
            dependencies: dependencies.iter().copied().map(DumpId).collect(),
            data_bytes: (dump_id == 8).then_some(Bytes(12)),
            restored: None,
        };
        let rows = vec![
            row(7, "TABLE", Section::PreData, &[]),
            row(8, "TABLE DATA", Section::Data, &[7]),
            row(9, "FUTURE KIND", Section::PostData, &[7, 8]),
            row(10, "ACL", Section::None, &[7]),
        ];
        let path = Path::new("plans/abc.csv");
        let text = table::write(&rows, true, path).unwrap();
        let read: Vec<PlanRow> = table::read(path, &text).unwrap();
        assert_eq!(read, rows);
        let plan = RecordedPlan { rows }.plan(PgMajor(17)).unwrap();
        let at = |id| plan.find(DumpId(id)).unwrap();
        assert_eq!(plan.dependencies(at(9)), [at(8), at(8)]);
        assert!(plan.is_wanted(at(7)) && !plan.is_wanted(at(10)));
    }

    #[test]
    fn what_is_no_list_of_numbers_is_said_so() {
        let text = b"dump_id,kind,section,schema,name,has_content,dependencies,data_bytes\n\
            1,TABLE,pre-data,,t,true,2 x,\n";
        let error = table::read::<PlanRow>(Path::new("plan.csv"), text).unwrap_err();
        assert!(error.to_string().contains("plan.csv:2"), "{error}");
        assert!(error.to_string().contains("2 x"), "{error}");
    }
}
