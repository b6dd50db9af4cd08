//! The matrix of inputs: pairs of objects that differ in one thing, and what has to be found.
//!
//! Each file below `tests/matrix` is an original and a patched version told apart by `PATCHED`, with
//! what is expected in its own leading comments; see [`input`] for their words. Every pair is
//! compiled by each compiler, in each [`Variant`], and the set of changes must be exactly the
//! expected one.

mod check;
mod compiler;
pub mod coverage;
mod explained;
mod input;

use std::sync::Arc;

use anyhow::Result;
use camino::Utf8Path;

pub(crate) use compiler::RUST_KERNEL;
pub use compiler::{Compiler, Tool};
pub use input::{Expected, Input};

use compiler::{Objects, Style};

/// How the two objects that are compared were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Both as the compiler makes them.
    Plain,
    /// Both with a section for each function and each data object.
    Sections,
    /// The original plain, the patched one with sections.
    Cross,
    /// The original plain, the patched one linked behind another object.
    Linked,
}

impl Variant {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Plain, Self::Sections, Self::Cross, Self::Linked];

    /// The word for it in names of tests and in directives.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Sections => "sections",
            Self::Cross => "cross",
            Self::Linked => "linked",
        }
    }

    fn styles(self) -> (Style, Style) {
        match self {
            Self::Plain => (Style::Plain, Style::Plain),
            Self::Sections => (Style::Sections, Style::Sections),
            Self::Cross => (Style::Plain, Style::Sections),
            Self::Linked => (Style::Plain, Style::Linked),
        }
    }
}

/// One input with one compiler.
#[derive(Debug)]
pub struct Case {
    input: Arc<Input>,
    objects: Objects,
}

impl Case {
    /// Nothing is compiled before the first [`Case::run`].
    #[must_use]
    pub fn new(input: Arc<Input>, tool: Tool) -> Self {
        let objects = Objects::new(Arc::clone(&input), tool);
        Self { input, objects }
    }

    /// The original object, as the compiler makes it.
    pub fn original(&self) -> Result<Arc<Vec<u8>>> {
        self.objects.get(Style::Plain, false)
    }

    /// The patched object, as the compiler makes it.
    pub fn patched(&self) -> Result<Arc<Vec<u8>>> {
        self.objects.get(Style::Plain, true)
    }

    /// What differs in both objects, as the compiler makes them.
    pub fn expected(&self) -> Result<Expected> {
        self.input.expected(self.objects.compiler(), Variant::Plain)
    }

    /// Compiles both versions, compares them and checks what was found.
    pub fn run(&self, variant: Variant) -> Result<()> {
        let (original, patched) = variant.styles();
        let expected = self.input.expected(self.objects.compiler(), variant)?;
        if !self.input.same_bytes_ok() {
            let same_style = self.objects.get(patched, false)?;
            anyhow::ensure!(
                same_style != self.objects.get(patched, true)?,
                "both versions compile to the same bytes: the input tests nothing (//#same-bytes-ok)"
            );
        }
        check::check(
            &self.objects.get(original, false)?,
            &self.objects.get(patched, true)?,
            &expected,
            Some(self.input.name.as_str()).filter(|_| variant == Variant::Plain),
        )
    }
}

/// All inputs below `directory`, in the order of their names.
pub fn inputs(directory: &Utf8Path) -> Result<Vec<Arc<Input>>> {
    let mut inputs = Vec::new();
    for group in directory.read_dir_utf8()? {
        let group = group?;
        if !group.file_type()?.is_dir() {
            continue;
        }
        for file in group.path().read_dir_utf8()? {
            let file = file?;
            if matches!(file.path().extension(), Some("c" | "S" | "rs")) {
                inputs.push(Arc::new(Input::read(directory, file.path())?));
            }
        }
    }
    inputs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(inputs)
}
