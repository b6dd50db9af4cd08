//! What is fuzzed: each function takes bytes that a fuzzer makes up, and panics where a promise is broken.
//!
//! `fuzz_targets` hands them to libFuzzer; `cargo xtask fuzz` builds and runs that. The inputs in `seeds` are also
//! run by this crate's own test, without any fuzzer.

#![expect(
    clippy::missing_panics_doc,
    reason = "a broken promise is a panic: that is what these are for"
)]

pub mod elf;
mod oracle;
mod random;

use std::io::Cursor;

use camino::Utf8Path;
use kbuild_glue::{Patch, PatchSet, SavedCommand};
use klp_core::check::{check, named_modules};
use klp_core::checksum::Analysis;
use klp_core::debug::{DebugError, DebugInfo, members};
use klp_core::diff::{DiffSide, compare, compare_and_prove};
use klp_core::explain::{DataVersion, data_rows};
use klp_core::inlined::went;
use klp_core::input::Input;
use klp_core::kernel::{Kallsyms, LinkedKernel, Symvers};
use klp_core::manifest::ManifestObject;
use klp_core::module::{ModInfo, RawElf};
use klp_core::{Allowlist, Manifest};

pub use oracle::oracle;

/// One of the functions below.
pub type Target = fn(&[u8]);

/// The functions below by their names, as `seeds` has directories for them.
pub const TARGETS: &[(&str, Target)] = &[
    ("checksums", checksums),
    ("diff", diff),
    ("module", module),
    ("objects", objects),
    ("oracle", oracle),
    ("patches", patches),
    ("text", text),
];

/// An object: compared with itself nothing changed, by its digests and by the proof, and its checksums come back from
/// both kinds of files as they were.
pub fn objects(data: &[u8]) {
    let Ok(object) = ManifestObject::of(data, "a.o", None) else { return };
    let manifest = Manifest::from_iter([object]);
    let changes = compare(&manifest, &manifest);
    assert!(changes.functions.is_empty() && changes.data.is_empty(), "changed: {changes:#?}");
    let changes = compare_and_prove(&manifest, &manifest, |_, _| Some(Input::Read(data.to_vec())));
    assert!(changes.functions.is_empty() && changes.data.is_empty(), "not proven: {changes:#?}");
    let mut file = Vec::new();
    let written = manifest.write(&mut file);
    assert!(written.is_ok(), "{written:?}");
    let read = Manifest::read(file.as_slice());
    assert!(read.as_ref().is_ok_and(|read| *read == manifest), "{read:?}\nis not\n{manifest:?}");
    assert!(Manifest::from_kept(&manifest.to_kept()).as_ref() == Some(&manifest), "{manifest:?}");
}

/// Two versions of an object. The last bytes say how they differ: by a bit in each of up to four places.
pub fn diff(data: &[u8]) {
    let Some((object, edits)) = data.split_last_chunk::<16>() else { return };
    let mut other = object.to_vec();
    for edit in edits.chunks_exact(4) {
        let [a, b, c, bit] = edit else { continue };
        let place = usize::from(*a) | usize::from(*b) << 8 | usize::from(*c) << 16;
        let place = place.checked_rem(other.len()).unwrap_or_default();
        if let Some(byte) = other.get_mut(place) {
            *byte ^= 1 << (bit & 7);
        }
    }
    let digested =
        |bytes: &[u8]| ManifestObject::of(bytes, "a.o", None).map(|it| Manifest::from_iter([it]));
    let (Ok(original), Ok(patched)) = (digested(object), digested(&other)) else { return };
    let changes = compare_and_prove(&original, &patched, |side, _| {
        Some(Input::Read(match side {
            DiffSide::Original => object.to_vec(),
            DiffSide::Patched => other.clone(),
        }))
    });
    let counted = changes.summary.changed + changes.summary.added + changes.summary.removed;
    assert_eq!(counted, changes.functions.len(), "{changes:#?}");
    let (was, is) = (Input::Read(object.to_vec()), Input::Read(other));
    let (Ok(was), Ok(is)) = (Analysis::of(&was), Analysis::of(&is)) else { return };
    for name in changes.data.iter().filter_map(|data| data.name.as_deref()) {
        if let (Some(was), Some(is)) =
            (DataVersion::named(&was, name), DataVersion::named(&is, name))
        {
            let no_members = |_: &[u64]| Ok::<_, DebugError>(Vec::new());
            assert!(data_rows(was, is, no_members).is_ok_and(|rows| rows.len() <= 64));
        }
    }
}

/// A livepatch module that is checked, and a kernel that is read; and debug information.
pub fn module(data: &[u8]) {
    let _ = named_modules(data);
    if let Ok(debug) = DebugInfo::of(data) {
        let _ = went(data, &debug, &["f".to_owned()]);
    }
    let _ = ModInfo::read(data);
    if let Ok(elf) = RawElf::parse(data) {
        for symbol in elf.symbols.iter().filter(|symbol| !symbol.name.is_empty()).take(8) {
            let _ = members(data, &String::from_utf8_lossy(symbol.name), &[0, 8, 1000]);
        }
        let _ = klp_core::kernel::vermagic(&elf);
        let vmlinux = Kallsyms::of_vmlinux(&elf).unwrap_or_default();
        let modules = [("a".to_owned(), Kallsyms::of_module(&elf))].into();
        let _ = check(data, &LinkedKernel { vmlinux, modules, ..LinkedKernel::default() });
    }
}

/// A checksum file: what can be read is read again from what is written of it.
pub fn checksums(data: &[u8]) {
    let _ = Manifest::from_kept(data);
    let Ok(manifest) = Manifest::read(data) else { return };
    let mut file = Vec::new();
    let written = manifest.write(&mut file);
    assert!(written.is_ok(), "{written:?}");
    let read = Manifest::read(file.as_slice());
    assert!(read.as_ref().is_ok_and(|read| *read == manifest), "{read:?}\nis not\n{manifest:?}");
    let _ = compare(&manifest, &manifest);
}

/// Small texts that make, people and kernels write.
pub fn text(data: &[u8]) {
    let _ = SavedCommand::parse(Cursor::new(data));
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Allowlist::parse(text);
    if let Ok(symvers) = Symvers::parse(text) {
        let _ = symvers.for_livepatch(["f"].into_iter());
    }
}

/// A patch, and a directory with a file that it may be about.
pub fn patches(data: &[u8]) {
    let Ok(patch) = Patch::parse(data, Utf8Path::new("fix.patch")) else { return };
    let Ok(directory) = tempfile::tempdir() else { return };
    let Some(root) = Utf8Path::from_path(directory.path()) else { return };
    let _ = fs_err::write(root.join("a.c"), "one\ntwo\nthree\nfour\nfive\n");
    for fuzz in [0, 2] {
        let set = PatchSet::new(vec![patch.clone()]).with_fuzz(fuzz);
        let hunks = set.trace(root).unwrap_or_default();
        for change in set.apply(root).unwrap_or_default() {
            let count = |bytes: &Option<Vec<u8>>| {
                bytes.as_ref().map_or(0, |bytes| bytes.split_inclusive(|it| *it == b'\n').count())
            };
            for hunk in hunks.iter().filter(|hunk| hunk.file == change.path) {
                let mut lines = hunk.added.iter().chain(&hunk.around);
                assert!(lines.all(|line| (1..=count(&change.new)).contains(line)), "{hunk:?}");
            }
            let changed = &change.path;
            let is_inside =
                changed.components().all(|part| matches!(part, camino::Utf8Component::Normal(_)));
            assert!(is_inside, "{changed} leaves the tree");
        }
    }
}
