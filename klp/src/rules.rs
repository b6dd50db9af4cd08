//! The allowlist of a run: where it is found, and what it says.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::Tree;
use klp_core::allowlist::{Allowlist, Usage};
use klp_core::diff::Changes;

use crate::checksums::Checksums;
use crate::error::Error;
use crate::kernel::Kernel;
use crate::operand::PathOperand;
use crate::settings;

/// The name of the file.
const FILE: &str = "klp.toml";

/// Rules, and where they are from.
#[derive(Debug, Default)]
pub struct Rules {
    /// The rules.
    pub allowlist: Allowlist,
    /// The file; none when there are no rules.
    pub path: Option<Utf8PathBuf>,
    /// Whether the person named the file.
    is_named: bool,
}

impl Rules {
    /// The rules of the file `named`; else of `klp.toml` in `current`, of the Cargo manifest there, or
    /// of `klp.toml` in one of `others`.
    pub fn find(
        named: Option<&Utf8Path>,
        current: &Utf8Path,
        others: &[&Utf8Path],
    ) -> Result<Self, Error> {
        if let Some(path) = named {
            return Ok(Self { is_named: true, ..Self::read(current.join(path))? });
        }
        let file = |directory: &Utf8Path| {
            Some(directory.join(FILE)).filter(|path| path.is_file()).map(Self::read)
        };
        if let Some(rules) = file(current) {
            return rules;
        }
        if let Some(settings) = settings::of(current)?
            && let Some(rule) = settings.rule
        {
            let allowlist = Allowlist::from_metadata(rule)
                .map_err(|source| Error::Allowlist { path: settings.manifest.clone(), source })?;
            return Ok(Self { allowlist, path: Some(settings.manifest), is_named: false });
        }
        others.iter().find_map(|directory| file(directory)).unwrap_or(Ok(Self {
            allowlist: Allowlist::default(),
            path: None,
            is_named: false,
        }))
    }

    /// The rules for a build of `kernel`: those of the file `named`, or of `klp.toml` in `current`, in the directory
    /// of the module, in the output directory or in the sources.
    pub fn of_kernel(
        named: Option<&Utf8Path>,
        current: &Utf8Path,
        kernel: &Kernel,
    ) -> Result<Self, Error> {
        let tree = [kernel.tree.output.as_path(), kernel.tree.source.as_path()];
        let others: Vec<&Utf8Path> = kernel.module().into_iter().chain(tree).collect();
        Self::find(named, current, &others)
    }

    /// The rules for objects, checksum files and build directories.
    pub fn of_operands(
        named: Option<&Utf8Path>,
        current: &Utf8Path,
        operands: &[PathOperand],
    ) -> Result<Self, Error> {
        let mut seen = BTreeSet::new();
        let roots = operands.iter().rev().filter_map(PathOperand::root);
        let mut others = Vec::new();
        for root in roots.filter(|root| seen.insert(*root)) {
            others.push(root.to_owned());
            others.extend(Tree::find(root, None).map(|tree| tree.source));
        }
        let others: Vec<&Utf8Path> = others.iter().map(Utf8PathBuf::as_path).collect();
        Self::find(named, current, &others)
    }

    fn read(path: Utf8PathBuf) -> Result<Self, Error> {
        let text = fs_err::read_to_string(&path)
            .map_err(|source| Error::Read { path: path.clone(), source })?;
        let allowlist = Allowlist::parse(&text)
            .map_err(|source| Error::Allowlist { path: path.clone(), source })?;
        Ok(Self { allowlist, path: Some(path), is_named: false })
    }

    /// Sorts `changes` by the rules. Returned are warnings about rules that name nothing.
    #[must_use]
    pub fn apply<'i>(
        &self,
        changes: &mut Changes,
        original: &Checksums<'i>,
        patched: &Checksums<'i>,
    ) -> Vec<String> {
        let usage = self.usage(&[original, patched]);
        let is_whole = original.is_whole() && patched.is_whole();
        self.allowlist.apply(changes, &usage);
        self.unused(&usage, is_whole)
    }

    /// The error when something changed that no rule allows.
    #[must_use]
    pub fn broken(&self, changes: &Changes) -> Option<Error> {
        let functions: Vec<String> = changes
            .functions
            .iter()
            .filter(|function| function.allowed == Some(false))
            .map(|function| format!("{} ({})", function.name, function.object))
            .collect();
        let path = self.path.clone().filter(|_| !functions.is_empty())?;
        Some(Error::NotAllowed { path, functions: functions.join(", ") })
    }

    /// What each rule names in `builds`.
    #[must_use]
    pub fn usage(&self, builds: &[&Checksums<'_>]) -> Usage {
        let manifests: Vec<_> = builds.iter().map(|build| &build.manifest).collect();
        let unread: Vec<String> = builds.iter().flat_map(|build| &build.skipped).cloned().collect();
        Usage::of(&self.allowlist, &manifests, &unread)
    }

    /// Warnings about rules that name nothing. In a part of a kernel that is no mistake, unless the person named the
    /// file for it.
    #[must_use]
    pub fn unused(&self, usage: &Usage, is_whole: bool) -> Vec<String> {
        if !is_whole && !self.is_named {
            return Vec::new();
        }
        let path = self.path.as_deref().map(Utf8Path::as_str).unwrap_or_default();
        let warning = |(line, text): (Option<usize>, String)| match line {
            Some(line) => format!("{path}:{line}: {text}"),
            None => format!("{path}: {text}"),
        };
        usage.unused(&self.allowlist).into_iter().map(warning).collect()
    }
}
