//! Compressed sections (`SHF_COMPRESSED`): System V gABI, chapter 4.

use std::io::Read;

use object::elf;

use super::DebugError;
use crate::module::RawSection;

/// Type, a reserved word, size and alignment.
const HEADER: usize = 24;

/// Nothing is larger when it is unpacked: debug information of a whole distribution's kernel is smaller.
const LARGEST: u64 = 1 << 31;

/// Whether the bytes of `section` are compressed.
pub(super) fn is_compressed(section: &RawSection<'_>) -> bool {
    section.flags & elf::SHF_COMPRESSED.0 != 0
}

/// The bytes of a compressed section.
pub(super) fn unpacked(section: &RawSection<'_>) -> Result<Vec<u8>, DebugError> {
    let name = || section.name_lossy().into_owned();
    let unknown = |how: &str| DebugError::Compressed(name(), how.to_owned());
    let kind = section.data.first_chunk::<4>().copied().map(u32::from_le_bytes);
    let size = section.data.get(8..).and_then(|rest| rest.first_chunk::<8>());
    let size = size.copied().map(u64::from_le_bytes).filter(|size| *size <= LARGEST);
    let (Some(kind), Some(size), Some(packed)) = (kind, size, section.data.get(HEADER..)) else {
        return Err(unknown("its header is wrong"));
    };
    let mut bytes = Vec::new();
    let read = match elf::CompressionType(kind) {
        elf::ELFCOMPRESS_ZLIB => {
            flate2::read::ZlibDecoder::new(packed).take(size).read_to_end(&mut bytes).is_ok()
        }
        elf::ELFCOMPRESS_ZSTD => ruzstd::decoding::StreamingDecoder::new(packed)
            .is_ok_and(|decoder| decoder.take(size).read_to_end(&mut bytes).is_ok()),
        other => return Err(unknown(&format!("type {}", other.0))),
    };
    if !read || u64::try_from(bytes.len()) != Ok(size) {
        return Err(unknown("its bytes cannot be unpacked"));
    }
    Ok(bytes)
}
