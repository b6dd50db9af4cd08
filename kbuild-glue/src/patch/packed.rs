//! Patches that are compressed, as mailing lists and distributions keep them.

use std::borrow::Cow;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};

use camino::Utf8Path;

use super::PatchError;

/// How compressed files begin, and the program that unpacks them.
const FORMATS: [(&[u8], &str); 4] = [
    (b"\x1f\x8b", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
];

/// No patch is larger; a file of some kilobytes can say that it is.
const LARGEST: u64 = 1 << 30;

/// What is in `bytes`: they themselves, unless they are compressed.
pub(super) fn unpacked<'b>(bytes: &'b [u8], path: &Utf8Path) -> Result<Cow<'b, [u8]>, PatchError> {
    let known = FORMATS.iter().find(|(start, _)| bytes.starts_with(start));
    let Some((_, program)) = known else { return Ok(Cow::Borrowed(bytes)) };
    let unpacked = unpack(program, bytes).map_err(|source| PatchError::Packed {
        patch: path.to_owned(),
        program,
        source,
    })?;
    Ok(Cow::Owned(unpacked))
}

fn unpack(program: &str, bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let mut unpacked = Vec::new();
    let read = std::thread::scope(|scope| {
        // It may end before it has read all; its status tells.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(bytes)));
        stdout.map_or(Ok(0), |stdout| stdout.take(LARGEST).read_to_end(&mut unpacked))
    });
    let status = child.wait()?;
    read?;
    if status.success() { Ok(unpacked) } else { Err(io::Error::other("it is damaged")) }
}
