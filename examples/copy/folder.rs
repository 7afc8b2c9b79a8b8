//! The receiver: a folder with files.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use rpc_runtime::{
    Context, ServiceError, ServiceResult,
    checksum::{Checksum, Crc32c},
};

use crate::store;

/// The service: files in one folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where a file is; a name that leads elsewhere is refused.
    fn path(&self, name: &str) -> io::Result<PathBuf> {
        let is_plain = Path::new(name).file_name() == Some(name.as_ref());
        let path = is_plain.then(|| self.0.join(name));
        path.ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }

    fn write_block(&self, name: &str, offset: i64, block: &[u8]) -> io::Result<()> {
        let offset = u64::try_from(offset).map_err(io::Error::other)?;
        let mut options = OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let mut file = options.open(self.path(name)?)?;
        file.seek(SeekFrom::Start(offset))?;
        file.write_all(block)
    }

    /// The checksum of what is on the disk, as far as the operating system tells.
    fn stored(&self, name: &str) -> io::Result<u32> {
        let path = self.path(name)?;
        OpenOptions::new().append(true).open(&path)?.sync_all()?;
        digest(&path)
    }
}

impl store::v1::BlockingService for Folder {
    fn length(&self, _: &Context, name: String) -> ServiceResult<i64> {
        let path = self.path(&name).map_err(failed)?;
        let len = path.metadata().map_or(0, |metadata| metadata.len());
        i64::try_from(len).map_err(|_| ServiceError::system())
    }

    fn write(
        &self,
        _: &Context,
        name: String,
        offset: i64,
        block: xdr::Bytes,
    ) -> ServiceResult<()> {
        self.write_block(&name, offset, &block).map_err(failed)
    }

    fn digest(&self, _: &Context, name: String) -> ServiceResult<u32> {
        self.stored(&name).map_err(failed)
    }
}

/// Says here what went wrong; the caller only learns that something did.
#[expect(
    clippy::needless_pass_by_value,
    reason = "it is the function that `map_err` calls"
)]
fn failed(error: io::Error) -> ServiceError {
    eprintln!("copy: {error}");
    ServiceError::system()
}

/// The checksum of a file.
pub(crate) fn digest(path: &Path) -> io::Result<u32> {
    let mut file = File::open(path)?;
    let mut checksum = Crc32c::default();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let len = file.read(&mut buffer)?;
        if len == 0 {
            return Ok(checksum.sum());
        }
        checksum.update(buffer.get(..len).unwrap_or_default());
    }
}
