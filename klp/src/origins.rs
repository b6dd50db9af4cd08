//! What the objects define that a file was linked from.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::time::SystemTime;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    BitcodeSymbol, LinkedInto, LinkedObject, bitcode_symbols, is_bitcode, linked_files,
    linked_objects,
};
use klp_core::checksum::Digest;
use klp_core::origin::{Binding, Definitions};
use rayon::prelude::*;

use crate::error::Error;
use crate::stamp::Stamp;

/// Objects in the order of a link, and the build that they are in.
#[derive(Debug, Default)]
pub(crate) struct LinkOrder {
    root: Utf8PathBuf,
    /// Names and files.
    objects: Vec<(Utf8PathBuf, Utf8PathBuf)>,
}

impl LinkOrder {
    /// `objects` of the build in `root`, each where `path` says.
    pub(crate) fn new(
        root: &Utf8Path,
        objects: Vec<Utf8PathBuf>,
        path: impl Fn(&Utf8Path) -> Utf8PathBuf,
    ) -> Self {
        let objects = objects.into_iter().map(|object| (object.clone(), path(&object)));
        Self { root: root.to_owned(), objects: objects.collect() }
    }

    /// Those of the file that is `file` in the build `root`, if Kbuild's records know it.
    pub(crate) fn of(root: &Utf8Path, file: &Utf8Path) -> Option<(Self, LinkedInto)> {
        let module = file.with_extension("");
        if file != "vmlinux.o" && !root.join(format!("{module}.mod")).exists() {
            return None;
        }
        let is_it = |linked: &LinkedInto| match linked {
            LinkedInto::Vmlinux => file == "vmlinux.o",
            LinkedInto::Module(name) => module == *name,
        };
        let objects: Vec<LinkedObject> = linked_objects(root).ok()?;
        let found = linked_files(&objects).into_iter().find(|found| is_it(&found.linked))?;
        let own = if found.members.is_empty() { vec![found.file] } else { found.members };
        Some((Self::new(root, own, |object| root.join(object)), found.linked))
    }

    /// What tells these objects from all others and from what they were before, by their times as make does it; none
    /// where one was written just now, or is not there.
    pub(crate) fn stamp(&self) -> Option<Digest> {
        let now = SystemTime::now();
        let stamp = |(object, path): &(Utf8PathBuf, Utf8PathBuf)| {
            let stamp = Stamp::of(path).ok().filter(|stamp| stamp.is_settled(now))?;
            Some([stamp.to_bytes().as_slice(), object.as_str().as_bytes(), b"\0"].concat())
        };
        let stamps: Option<Vec<Vec<u8>>> = self.objects.par_iter().map(stamp).collect();
        Some(Digest::of(&[b"members\0".to_vec(), stamps?.concat()].concat()))
    }

    /// What each of them defines.
    pub(crate) fn definitions(&self) -> Result<Vec<Definitions>, Error> {
        let mut definitions = self
            .objects
            .par_iter()
            .map(|(object, path)| own(object, path))
            .collect::<Result<Vec<_>, Error>>()?;
        let bitcode: Vec<(usize, Utf8PathBuf)> = definitions
            .iter()
            .zip(&self.objects)
            .enumerate()
            .filter(|(_, ((_, is_unknown), _))| *is_unknown)
            .map(|(index, (_, (_, path)))| (index, path.clone()))
            .collect();
        // LLVM's nm reads one object after the other.
        let share = bitcode.len().div_ceil(rayon::current_num_threads()).max(1);
        let symbols: Vec<Vec<BitcodeSymbol>> = bitcode
            .par_chunks(share)
            .map(|objects| bitcode_symbols(&self.root, objects))
            .collect::<Result<_, _>>()?;
        for BitcodeSymbol { object, name, letter } in symbols.into_iter().flatten() {
            let binding = match letter {
                'W' | 'V' | 'w' | 'v' => Binding::Weak,
                _ if letter.is_ascii_lowercase() => Binding::Local,
                _ => Binding::Strong,
            };
            if let Some((own, _)) = definitions.get_mut(object) {
                own.add(name.as_bytes(), binding);
            }
        }
        Ok(definitions.into_iter().map(|(own, _)| own).collect())
    }
}

/// What an object defines, and whether it is bitcode that only LLVM can read.
fn own(object: &Utf8Path, path: &Utf8Path) -> Result<(Definitions, bool), Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = fs_err::File::open(path).map_err(failed)?.into_file();
    let mut start = [0; 4];
    let read = file.read_at(&mut start, 0).map_err(failed)?;
    let file = Positioned { file, at: 0 };
    if is_bitcode(start.get(..read).unwrap_or_default()) {
        let own = Definitions::of_bitcode(object.as_str(), file);
        let is_unknown = own.is_none();
        return Ok((own.unwrap_or_else(|| Definitions::new(object.as_str())), is_unknown));
    }
    let own = Definitions::of_elf(object.as_str(), file)
        .map_err(|source| Error::Object { path: path.to_owned(), source })?;
    Ok((own, false))
}

/// A file that is read here and there: to seek costs nothing.
struct Positioned {
    file: File,
    at: u64,
}

impl Read for Positioned {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at = self.at.saturating_add(read as u64);
        Ok(read)
    }
}

impl Seek for Positioned {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.file.metadata()?.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
