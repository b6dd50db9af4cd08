//! What a run tells its caller while it works.

use camino::Utf8PathBuf;
use kbuild_glue::BuildEvent;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The part of the work that begins; the one before has ended.
    Phase(Phase),
    /// Something that the build of a kernel or module tells.
    Build(BuildEvent),
    /// The original was built by an earlier run.
    OriginalReused {
        /// The directory of the build.
        root: Utf8PathBuf,
        /// How many objects Kbuild linked.
        objects: usize,
    },
    /// Functions of the original are checksummed.
    Checksumming {
        /// In how many objects.
        objects: usize,
    },
    /// The checksums of the original were made by an earlier run.
    ChecksumsReused {
        /// Of how many objects.
        objects: usize,
    },
    /// Objects that the patched kernel has from the original.
    ObjectsReused {
        /// How many.
        objects: usize,
    },
    /// Originals that were compiled here were compared with the kernel that was shipped.
    Proven {
        /// Functions that were compared.
        functions: usize,
        /// Those of them that are the shipped ones.
        equal: usize,
        /// The release of the kernel, or the files of the modules.
        of: String,
    },
    /// Objects are looked through for what was inlined.
    Reading {
        /// How many.
        objects: usize,
    },
    /// Original and patched objects are compared.
    Comparing {
        /// How many were made for the patched kernel.
        objects: usize,
    },
    /// No livepatch module is made.
    NoLivepatch {
        /// Why, as a sentence fragment.
        why: String,
    },
    /// The livepatch is cut out of the patched objects.
    Extracting {
        /// How many functions have changed.
        functions: usize,
    },
    /// The livepatch module is linked.
    Linking {
        /// Where it will be.
        path: Utf8PathBuf,
    },
    /// A second reading found everything in the livepatch module as it is in the patched kernel.
    Attested(Attested),
    /// A package with the module was written.
    Packaged {
        /// Where it is.
        path: Utf8PathBuf,
    },
    /// Something that the person should know and that stops nothing.
    Warning(String),
}

/// Parts of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The kernel without the patches is built.
    Original,
    /// Its functions are checksummed, or compared with what was shipped.
    Checksums,
    /// The kernel with the patches is built.
    Patched,
    /// Both are compared.
    Comparison,
    /// The livepatch module is made.
    Livepatch,
}

/// What was looked at in a livepatch module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attested {
    /// Functions.
    pub functions: usize,
    /// Pieces of code and data.
    pub pieces: usize,
    /// References from one of them to something.
    pub references: usize,
}

/// Where events go.
pub type Events<'a> = dyn FnMut(Event) + 'a;

/// Where `events` takes those of builds.
pub(crate) fn of_build<'a>(events: &'a mut Events<'_>) -> impl FnMut(BuildEvent) + 'a {
    |event| events(Event::Build(event))
}
