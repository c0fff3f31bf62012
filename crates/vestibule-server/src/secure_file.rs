//! Files that nobody but the site's own user reads.

use std::{
    fs, io,
    io::Write as _,
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use vestibule::core::random::{self, Entropy};

/// Makes a folder, and those above it, that only its owner enters (mode 0700). One that is there already
/// keeps its mode.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Has everything that this process makes from here on readable for its owner only, whatever makes it. What is there
/// already keeps its mode.
pub(crate) fn keep_from_others() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
}

/// Whether a folder is there and others than its owner may enter or list it.
pub(crate) fn is_open_to_others(folder: &Path) -> bool {
    #[cfg(unix)]
    return fs::metadata(folder).is_ok_and(|found| {
        found.is_dir() && std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o055 != 0
    });
    #[cfg(not(unix))]
    false
}

/// The content of the file at `path`; where there is none, what `make` gives, written for its owner only
/// (mode 0600).
///
/// The file is never seen half written, and of two processes that make it at once both get the same
/// content.
pub(crate) fn read_or_make<E: From<io::Error>>(
    path: &Path,
    entropy: &dyn Entropy,
    make: impl FnOnce() -> Result<String, E>,
) -> Result<String, E> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return Ok(read?),
    }
    let content = make()?;
    let draft = draft_name(path, entropy);
    let made = write_new(&draft, &content).and_then(|()| fs::hard_link(&draft, path));
    fs::remove_file(&draft).or_else(|error| made.as_ref().map_or(Ok(()), |()| Err(error)))?;
    match made {
        Ok(()) => {
            sync_folder(path)?;
            Ok(content)
        }
        // Another process was faster: its content is the one that stays.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(fs::read_to_string(path)?),
        Err(error) => Err(error.into()),
    }
}

fn draft_name(path: &Path, entropy: &dyn Entropy) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    let random: [u8; 9] = random::draw(entropy);
    name.push(".");
    name.push(URL_SAFE_NO_PAD.encode(random));
    PathBuf::from(name)
}

fn write_new(path: &Path, content: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// The name of a new file is on the disk only when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vestibule::SystemEntropy;

    #[test]
    #[cfg(unix)]
    fn what_is_made_is_for_the_owner_only_and_stays_the_same() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;

        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        make_folder(&data).unwrap();
        assert_eq!(mode(&data), 0o700);
        make_folder(&data).unwrap();

        let file = data.join("secret");
        let made = |text: &str| {
            let text = text.to_owned();
            read_or_make::<io::Error>(&file, &SystemEntropy, || Ok(text)).unwrap()
        };
        assert_eq!(made("one"), "one");
        assert_eq!(made("two"), "one");
        assert_eq!(mode(&file), 0o600);
        let names = fs::read_dir(&data).unwrap().count();
        assert_eq!(names, 1, "drafts are removed");
    }

    #[test]
    fn all_who_make_it_at_once_get_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        let contents: std::collections::BTreeSet<String> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|number| {
                    let file = &file;
                    scope.spawn(move || {
                        let make = || Ok::<_, io::Error>(number.to_string());
                        read_or_make(file, &SystemEntropy, make).unwrap()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(contents.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_enter_is_noticed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        for (mode, is_open) in [(0o700, false), (0o711, true), (0o750, true), (0o755, true)] {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_open_to_others(dir.path()), is_open, "{mode:o}");
        }
        assert!(!is_open_to_others(&dir.path().join("nothing")));
    }
}
