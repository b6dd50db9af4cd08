//! The initial RAM disk: a cpio archive in the `newc` format
//! (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::io::{self, Write};

use cpio::newc::{Builder, ModeFileType, trailer};

/// Writes an archive, entry by entry.
#[derive(Debug)]
pub(crate) struct Initrd {
    bytes: Vec<u8>,
    inode: u32,
}

impl Initrd {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), inode: 0 }
    }

    pub(crate) fn directory(&mut self, path: &str) -> io::Result<()> {
        let builder = self.entry(path, 0o755).set_mode_file_type(ModeFileType::Directory);
        self.write(builder, &[])
    }

    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        let builder = self.entry(path, mode).set_mode_file_type(ModeFileType::Regular);
        self.write(builder, content)
    }

    pub(crate) fn character_device(
        &mut self,
        path: &str,
        major: u32,
        minor: u32,
    ) -> io::Result<()> {
        let builder = self.entry(path, 0o600).set_mode_file_type(ModeFileType::Char);
        self.write(builder.rdev_major(major).rdev_minor(minor), &[])
    }

    /// The whole archive.
    pub(crate) fn finish(self) -> io::Result<Vec<u8>> {
        trailer(self.bytes)
    }

    fn entry(&mut self, path: &str, mode: u32) -> Builder {
        self.inode += 1;
        Builder::new(path).ino(self.inode).mode(mode).nlink(1)
    }

    fn write(&mut self, builder: Builder, content: &[u8]) -> io::Result<()> {
        let size = u32::try_from(content.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let mut writer = builder.write(std::mem::take(&mut self.bytes), size);
        writer.write_all(content)?;
        self.bytes = writer.finish()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let mut initrd = Initrd::new();
        initrd.directory("dev").unwrap();
        initrd.character_device("dev/console", 5, 1).unwrap();
        initrd.file("init", 0o755, b"#!/bin/sh\n").unwrap();
        let bytes = initrd.finish().unwrap();
        let mut reader = cpio::NewcReader::new(bytes.as_slice()).unwrap();
        assert_eq!((reader.entry().name(), reader.entry().mode()), ("dev", 0o40755));
        reader = cpio::NewcReader::new(reader.finish().unwrap()).unwrap();
        assert_eq!((reader.entry().rdev_major(), reader.entry().rdev_minor()), (5, 1));
        reader = cpio::NewcReader::new(reader.finish().unwrap()).unwrap();
        assert_eq!((reader.entry().name(), reader.entry().file_size()), ("init", 10));
        reader = cpio::NewcReader::new(reader.finish().unwrap()).unwrap();
        assert!(reader.entry().is_trailer());
    }
}
