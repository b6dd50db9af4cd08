//! `vmlinuz` of x86-64, a bzImage: the kernel, packed, behind the code that unpacks it.
//!
//! Source: Documentation/arch/x86/boot.rst, boot protocol 2.08 and later. The last four bytes of the packed kernel
//! are its unpacked size (`scripts/Makefile.lib`, `size_append`); gzip has them by itself.

use std::borrow::Cow;

use super::ImageError;
use crate::packed::unpacked;

const SETUP_SECTORS: usize = 0x1f1;
const MAGIC: usize = 0x202;
const PAYLOAD_OFFSET: usize = 0x248;
const PAYLOAD_LENGTH: usize = 0x24c;
const SECTOR: usize = 512;

/// The kernel in `bytes`, an ELF file: from a `vmlinuz`, or as it is.
pub(super) fn kernel(bytes: &[u8]) -> Result<Cow<'_, [u8]>, ImageError> {
    if bytes.starts_with(&object::elf::ELFMAG) {
        return Ok(Cow::Borrowed(bytes));
    }
    if bytes.get(MAGIC..).is_none_or(|rest| !rest.starts_with(b"HdrS")) {
        return Err(ImageError::NotAnImage);
    }
    let number = |at: usize| {
        let bytes = bytes.get(at..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    };
    let payload = || {
        let sectors = usize::from(*bytes.get(SETUP_SECTORS)?);
        // 0 means 4, for loaders of long ago.
        let sectors = if sectors == 0 { 4 } else { sectors };
        let start =
            sectors.checked_add(1)?.checked_mul(SECTOR)?.checked_add(number(PAYLOAD_OFFSET)?)?;
        bytes.get(start..start.checked_add(number(PAYLOAD_LENGTH)?)?)
    };
    let payload = payload().ok_or(ImageError::CutOff)?;
    let kernel = unpacked(payload).map_err(ImageError::Unpack)?;
    if kernel.starts_with(&object::elf::ELFMAG) { Ok(kernel) } else { Err(ImageError::NoKernel) }
}
