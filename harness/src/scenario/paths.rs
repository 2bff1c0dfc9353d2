//! Where files are.

use std::path::{Path, PathBuf};

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
