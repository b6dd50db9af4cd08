//! What kernels and modules are packed with: gzip, xz, lzma, bzip2, lz4 and zstd, told by their first bytes.
//!
//! The kernel's own list is `scripts/Makefile.lib`; LZO, which no distribution uses any more, is not read.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read};

/// The most that anything is unpacked to: no kernel and no module comes near.
const LARGEST: u64 = 2 << 30;
/// So much is unpacked of whatever is packed.
const ALWAYS: u64 = 64 << 20;
/// So much more than it is packed to is no machine code: that of kernels is packed to a fifth.
const DENSEST: u64 = 100;

/// A way of packing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Bzip2,
    Gzip,
    Lz4,
    Lzma,
    Xz,
    Zstd,
}

const MAGIC: &[(&[u8], Packing)] = &[
    (b"BZh", Packing::Bzip2),
    (&[0x1f, 0x8b], Packing::Gzip),
    (&[0x02, 0x21, 0x4c, 0x18], Packing::Lz4),
    (&[0x5d, 0, 0], Packing::Lzma),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], Packing::Xz),
    (&[0x28, 0xb5, 0x2f, 0xfd], Packing::Zstd),
];

fn format(bytes: &[u8]) -> Option<Packing> {
    MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)).map(|(_, format)| *format)
}

/// What `bytes` unpack to; themselves where they are not packed. What follows the packed data is not looked at.
pub fn unpacked(bytes: &[u8]) -> io::Result<Cow<'_, [u8]>> {
    let Some(format) = format(bytes) else { return Ok(Cow::Borrowed(bytes)) };
    let most = (bytes.len() as u64).saturating_mul(DENSEST).clamp(ALWAYS, LARGEST);
    let mut reader: Box<dyn Read + '_> = match format {
        Packing::Bzip2 => Box::new(bzip2::read::BzDecoder::new(bytes)),
        Packing::Gzip => Box::new(flate2::read::GzDecoder::new(bytes)),
        Packing::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(bytes)),
        Packing::Lzma => {
            let stream = liblzma::stream::Stream::new_lzma_decoder(LARGEST)?;
            Box::new(liblzma::read::XzDecoder::new_stream(bytes, stream))
        }
        Packing::Xz => {
            let stream = liblzma::stream::Stream::new_stream_decoder(LARGEST, 0)?;
            Box::new(liblzma::read::XzDecoder::new_stream(bytes, stream))
        }
        Packing::Zstd => {
            let decoder = ruzstd::decoding::StreamingDecoder::new(bytes);
            Box::new(decoder.map_err(io::Error::other)?)
        }
    };
    let mut unpacked = Vec::new();
    reader.by_ref().take(most.saturating_add(1)).read_to_end(&mut unpacked)?;
    if unpacked.len() as u64 > most {
        let why = format!("packed, it unpacks to more than {} MiB", most >> 20);
        return Err(io::Error::new(ErrorKind::FileTooLarge, why));
    }
    Ok(Cow::Owned(unpacked))
}
