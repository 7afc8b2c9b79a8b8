use std::{
    ffi::OsString,
    fmt,
    os::unix::ffi::{OsStrExt, OsStringExt},
    path::PathBuf,
};

/// Where a Unix socket is: a file, or on Linux a name that begins with `@` and is no file.
#[derive(Debug, Clone)]
pub(crate) struct UnixAddress(PathBuf);

impl UnixAddress {
    /// The address as users write it; `./@name` is a file.
    pub(crate) fn new(address: impl Into<PathBuf>) -> Self {
        Self(address.into())
    }

    pub(crate) fn is_abstract(&self) -> bool {
        cfg!(target_os = "linux") && self.0.as_os_str().as_bytes().starts_with(b"@")
    }

    /// The path as the system call takes it: an abstract name begins with a zero.
    pub(crate) fn path(&self) -> PathBuf {
        if !self.is_abstract() {
            return self.0.clone();
        }
        let mut name = self.0.as_os_str().as_bytes().to_vec();
        if let Some(first) = name.first_mut() {
            *first = 0;
        }
        PathBuf::from(OsString::from_vec(name))
    }
}

impl fmt::Display for UnixAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unix:{}", self.0.display())
    }
}
