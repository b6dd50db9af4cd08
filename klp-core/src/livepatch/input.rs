//! What a livepatch is made of.

use crate::origin::Definitions;

/// The bytes of a touched object.
#[derive(Debug, Clone, Default)]
pub struct TouchedObject<'a> {
    /// Its path in the build, for example `fs/proc/meminfo.o`.
    pub object: &'a str,
    /// What it is linked into: `vmlinux`, or a module such as `fs/ext4/ext4`.
    pub linked: &'a str,
    /// As the original build linked it; none for an object that the patch adds, and where `original` is it.
    pub plain: Option<&'a [u8]>,
    /// The original compiled again with function and data sections, before objtool.
    pub original: Option<&'a [u8]>,
    /// The patched one compiled the same way.
    pub patched: &'a [u8],
    /// The patched one as the patched build made it, where `patched` has to be the same code: of Rust.
    pub built: Option<&'a [u8]>,
    /// Objects with debug information in the place of `original` and `patched`, where these are made without.
    pub types: Vec<TypedVersions<'a>>,
    /// With LTO. The object is then all of `linked` before its last link (`vmlinux.o`), as both builds made it.
    pub lto: Option<LinkMembers<'a>>,
}

/// Objects that tell the layout of types, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct TypedVersions<'a> {
    /// Path in the build of the object that is made of the same source.
    pub object: &'a str,
    /// As the original build has it; none for an object that the patch adds.
    pub before: Option<&'a [u8]>,
    /// As the patched build has it.
    pub after: &'a [u8],
}

/// What the objects define that an LTO build linked, in the order of the link.
#[derive(Debug, Clone, Copy)]
pub struct LinkMembers<'a> {
    /// Those of the original build.
    pub original: &'a [Definitions],
    /// Those of the patched build.
    pub patched: &'a [Definitions],
}
