//! Which dataset a scenario restores, and how much of it.

use std::path::Path;

use toml::Spanned;

use super::super::Dataset;
use super::super::file::DatasetFile;
use super::super::quantity::Scale;
use super::{Check, Flaw, absolute, flaw};

impl Check<'_> {
    pub(super) fn dataset(&self, file: &Spanned<DatasetFile>) -> Result<Dataset, Flaw> {
        if let Some(path) = &self.overrides.archive {
            self.refuse_scale()?;
            return Ok(Dataset::Archive { path: absolute(Path::new("."), path) });
        }
        let span = file.span();
        let file = file.get_ref();
        let sources = [
            file.tpch.as_ref().map(|tpch| Dataset::Tpch { scale: tpch.scale }),
            file.pgbench.as_ref().map(|pgbench| Dataset::Pgbench { scale: pgbench.scale }),
            file.sql.as_ref().map(|sql| Dataset::Sql {
                files: sql.files.iter().map(|path| absolute(self.folder, path)).collect(),
                scale: Scale::NORMAL,
                size: sql.size,
            }),
            file.archive
                .as_ref()
                .map(|archive| Dataset::Archive { path: absolute(self.folder, &archive.path) }),
            file.database
                .as_ref()
                .map(|db| Dataset::Database { conninfo_env: db.conninfo_env.clone() }),
        ];
        let mut named = sources.into_iter().flatten();
        let (Some(dataset), None) = (named.next(), named.next()) else {
            return flaw(
                span,
                "[dataset] takes exactly one of tpch, pgbench, sql, archive and database",
            );
        };
        match &dataset {
            Dataset::Tpch { scale } if !(*scale > 0.0 && *scale <= 100_000.0) => {
                flaw(span, format!("tpch scale {scale}: give a number above 0, at most 100000"))
            }
            Dataset::Pgbench { scale: 0 } => {
                flaw(span, "pgbench scale 0: give a whole number from 1")
            }
            Dataset::Sql { files, .. } if files.is_empty() => {
                flaw(span, "sql.files is empty: name at least one script")
            }
            _ => self.scaled(dataset),
        }
    }

    /// The dataset at the scale that the command line asks for.
    fn scaled(&self, dataset: Dataset) -> Result<Dataset, Flaw> {
        let Some(asked) = self.overrides.scale else {
            return Ok(dataset);
        };
        let factor = asked.factor();
        Ok(match dataset {
            Dataset::Tpch { scale } => Dataset::Tpch { scale: tpch_scale(scale * factor) },
            Dataset::Pgbench { scale } => {
                Dataset::Pgbench { scale: (f64::from(scale) * factor).round().max(1.0) as u32 }
            }
            Dataset::Sql { files, size, .. } => Dataset::Sql { files, scale: asked, size },
            Dataset::Archive { .. } | Dataset::Database { .. } => {
                self.refuse_scale()?;
                dataset
            }
        })
    }

    fn refuse_scale(&self) -> Result<(), Flaw> {
        match self.overrides.scale {
            Some(_) => flaw(
                None,
                "--scale is for datasets that jobtune makes: what exists is restored as it is",
            ),
            None => Ok(()),
        }
    }
}

/// The next scale of TPC-H whose keys are unique; `dataset::tpch` tells why
/// there are gaps below 0.025.
fn tpch_scale(wanted: f64) -> f64 {
    // Three tenths are meant, and not what is nearest to three times one tenth.
    if wanted < 0.025 { 0.01 } else { (wanted * 1e6).round() / 1e6 }
}

#[cfg(test)]
mod tests {
    use super::super::{Overrides, parse};
    use super::*;

    #[test]
    fn one_scale_fits_every_dataset_that_is_made() {
        let scaled = |dataset: &str, scale: &str| {
            let overrides = Overrides { scale: scale.parse().ok(), ..Overrides::default() };
            let scenario = parse(Some(Path::new("dir/s.toml")), dataset, &overrides);
            scenario.map(|s| s.variants[0].dataset.clone()).map_err(|error| error.to_string())
        };
        let tpch = |scale| Ok(Dataset::Tpch { scale });
        assert_eq!(scaled("dataset.tpch.scale = 0.5", "0.5"), tpch(0.25));
        assert_eq!(scaled("dataset.tpch.scale = 0.5", "small"), tpch(0.01));
        assert_eq!(scaled("dataset.tpch.scale = 0.1", "3"), tpch(0.3));
        let pgbench = |scale| Ok(Dataset::Pgbench { scale });
        assert_eq!(scaled("dataset.pgbench.scale = 20", "small"), pgbench(1));
        assert_eq!(scaled("dataset.pgbench.scale = 20", "2.5"), pgbench(50));
        let sql = scaled("dataset.sql.files = [\"x.sql\"]", "0.1").unwrap();
        assert!(matches!(sql, Dataset::Sql { scale, .. } if scale.to_string() == "0.1"));
        let error = scaled("dataset.archive.path = \"x\"", "small").unwrap_err();
        assert!(error.contains("restored as it is"), "{error}");
    }
}
