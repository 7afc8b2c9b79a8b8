//! Writing generated files: only where something changed, and whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Whether a file on disk is what would be written.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn is_current(path: &Path, text: &str) -> io::Result<bool> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes == text.as_bytes()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a file, unless it has this text already: tools that look at its time then see no change.
///
/// # Errors
///
/// The file cannot be read or written.
pub fn write_if_changed(path: &Path, text: &str) -> io::Result<()> {
    if is_current(path, text)? {
        return Ok(());
    }
    // A reader never sees half a file: it gets its name when it is whole.
    let temporary = temporary_name(path);
    fs::write(&temporary, text)
        .and_then(|()| fs::rename(&temporary, path))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
