//! Writing files: only where something changed, and whole or not at all.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Whether a file on disk is what would be written.
///
/// # Errors
///
/// The file is there and cannot be read.
pub fn is_current(path: &Path, text: impl AsRef<[u8]>) -> io::Result<bool> {
    match fs::read(path) {
        Ok(bytes) => Ok(bytes == text.as_ref()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Writes a file, unless it has this text already: tools that look at its time then see no change.
///
/// What is not a regular file, such as `/dev/stdout`, is written to as it is; a symbolic link stays
/// one.
///
/// # Errors
///
/// The file cannot be read or written.
pub fn write_if_changed(path: &Path, text: impl AsRef<[u8]>) -> io::Result<()> {
    let text = text.as_ref();
    let existing = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        Ok(metadata) if !metadata.is_file() => return write_in_place(path, text),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if existing.is_some() && is_current(path, text)? {
        return Ok(());
    }
    // A reader never sees half a file: it gets its name when it is whole.
    let target = if existing.is_some() {
        fs::canonicalize(path)?
    } else {
        path.to_owned()
    };
    let temporary = temporary_name(&target);
    fs::write(&temporary, text)
        .and_then(|()| match existing {
            Some(metadata) => fs::set_permissions(&temporary, metadata.permissions()),
            None => Ok(()),
        })
        .and_then(|()| fs::rename(&temporary, &target))
        .inspect_err(|_| drop(fs::remove_file(&temporary)))
}

/// Writes to a device or a pipe.
fn write_in_place(path: &Path, text: &[u8]) -> io::Result<()> {
    use io::Write as _;
    let mut file = fs::File::options().write(true).open(path)?;
    file.write_all(text)
}

fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}
