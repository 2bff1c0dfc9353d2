//! Where files are.

use std::path::{Path, PathBuf};

use super::{Dataset, Provider, Scenario};

impl Scenario {
    /// The scripts that its servers and clients run.
    pub fn scripts_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let hooks = self.hooks.before.iter_mut().chain(&mut self.hooks.after);
        let of_variants = self.variants.iter_mut().flat_map(|variant| {
            let dataset = match &mut variant.dataset {
                Dataset::Sql { files, .. } => files.as_mut_slice(),
                _ => &mut [],
            };
            let workload = variant.workload.iter_mut().flat_map(|workload| {
                let scripts = workload.scripts.iter_mut().map(|script| &mut script.path);
                workload.setup.iter_mut().chain(scripts)
            });
            dataset.iter_mut().chain(workload)
        });
        hooks.chain(of_variants)
    }

    /// Replaces the paths of the list and filter files that `pg_restore` reads.
    pub fn resolve_option_files(&mut self, resolve: impl Fn(&Path) -> PathBuf) {
        let own = self.variants.iter_mut().filter_map(|variant| variant.options.as_mut());
        for options in own.chain([&mut self.restore.options]) {
            options.resolve_files(&resolve);
        }
    }

    /// The scenario without what differs from host to host and changes nothing
    /// of what is measured: folders, and the time that was granted.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        let name = |path: &Path| path.file_name().map_or_else(PathBuf::new, PathBuf::from);
        for path in self.scripts_mut() {
            *path = name(path);
        }
        self.resolve_option_files(name);
        for variant in &mut self.variants {
            if let Dataset::Archive { path } = &mut variant.dataset {
                *path = name(path);
            }
            match &mut variant.server.provider {
                Provider::Local { bindir, data_dir } => (*bindir, *data_dir) = (None, None),
                Provider::External { bindir, .. } => *bindir = None,
                Provider::Docker { .. } => {}
            }
        }
        self.sweep.budget = None;
        self
    }
}

/// The absolute path of a file, without `..` and symbolic links in what exists of it: a container
/// that gets the file's folder under its own name has no other folder on the way to it.
pub fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let found = path.ancestors().find_map(|folder| Some((folder, folder.canonicalize().ok()?)));
    match found {
        Some((folder, real)) => match path.strip_prefix(folder) {
            Ok(rest) if rest.as_os_str().is_empty() => real,
            Ok(rest) => real.join(rest),
            Err(_) => path,
        },
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_to_a_file_is_resolved_as_far_as_it_exists() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::write(root.join("a/x.dump"), "").unwrap();
        assert_eq!(resolved(&root.join("a/b/../x.dump")), root.join("a/x.dump"));
        assert_eq!(resolved(&root.join("a/b/../new/x.dump")), root.join("a/new/x.dump"));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("a/x.dump", root.join("latest.dump")).unwrap();
            assert_eq!(resolved(&root.join("latest.dump")), root.join("a/x.dump"));
        }
    }
}
