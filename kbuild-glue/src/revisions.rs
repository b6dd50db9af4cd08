//! Two states of a git tree: what leads from one to the other, and the sources of the first.
//!
//! Nothing is written into the tree or its repository, its index included.

use std::ffi::OsStr;
use std::io::{Seek as _, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::process::{Command, Output, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use tempfile::NamedTempFile;

use crate::atomic;
use crate::event::{BuildEvent, BuildEvents};
use crate::lexical::beside;
use crate::names::{few, is_source};
use crate::patch::{Patch, PatchError};

/// What of the caller's environment would lead git elsewhere.
const FOREIGN: &[&str] =
    &["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"];

/// The user's settings that must not reach what we parse and check out. Git has to look at all that the file system
/// tells of a file: an edit can keep size and time.
const SETTINGS: &[&str] = &[
    "core.checkStat=default",
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sparseCheckout=false",
    "core.trustctime=true",
    "core.untrackedCache=false",
];

/// Two states of the git tree in a directory, from an older to a newer one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revisions {
    source: Utf8PathBuf,
    /// As the person knows it.
    name: String,
    from: String,
    /// The files that are there, if there is none.
    to: Option<String>,
}

impl Revisions {
    /// The revisions `A..B` of the tree at `source`, or one commit for what it changes.
    pub fn of_range(source: &Utf8Path, range: &str) -> Result<Self, PatchError> {
        let (from, to) = match range.split_once("..") {
            Some((from, to)) => (from.to_owned(), to.to_owned()),
            None => (format!("{range}^"), range.to_owned()),
        };
        let revisions = Self { source: source.to_owned(), name: range.to_owned(), from, to: None };
        // Anything else would be an option, or no range of two revisions.
        if [&revisions.from, &to].iter().any(|name| name.is_empty() || name.starts_with(['-', '.']))
        {
            return Err(revisions.failed("it is not of the form A..B".to_owned()));
        }
        Ok(Self { to: Some(to), ..revisions })
    }

    /// From the last commit of the tree at `source` to its tracked files as they are.
    #[must_use]
    pub fn of_work_tree(source: &Utf8Path) -> Self {
        let (name, from) = ("the work tree".to_owned(), "HEAD".to_owned());
        Self { source: source.to_owned(), name, from, to: None }
    }

    /// What leads from one to the other, relative to the directory.
    pub fn patch(&self) -> Result<Patch, PatchError> {
        let index = self.private_index()?;
        let mut git = self.git(&["diff", "--no-ext-diff", "--no-textconv", "--no-color"]);
        git.args(["--relative", "--src-prefix=a/", "--dst-prefix=b/", "--unified=3"]);
        git.args(["--find-renames", "--submodule=short", "--ignore-submodules=none"]);
        git.args(["--end-of-options", &self.from]);
        git.args(&self.to).arg("--").env("GIT_INDEX_FILE", index.path());
        let diff = self.run(&mut git)?.stdout;
        if self.is_of_work_tree() {
            self.expect_unfiltered(&index)?;
        }
        if diff.is_empty() {
            return Err(PatchError::NoDifference { range: self.name.clone() });
        }
        Patch::parse(&diff, Utf8Path::new(&self.name))
    }

    /// What of the work tree is left out since git does not know it, as a sentence for people: sources below none of
    /// the directories `but`.
    pub fn untracked(&self, but: &[&Utf8Path]) -> Result<Option<String>, PatchError> {
        if !self.is_of_work_tree() {
            return Ok(None);
        }
        let mut git = self.git(&["ls-files", "-z", "--others", "--exclude-standard"]);
        let output = self.run(&mut git)?.stdout;
        // Nobody can include a file whose name is not UTF-8 by accident.
        let names =
            output.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
        let is_left_out = |name: &&str| {
            let path = self.source.join(name);
            // Kbuild writes the latter.
            is_source(Utf8Path::new(name))
                && !name.ends_with(".mod.c")
                && !but.iter().any(|directory| path.starts_with(directory))
        };
        let names: Vec<String> = names.filter(is_left_out).map(str::to_owned).collect();
        let (are, them) = match names.len() {
            0 => return Ok(None),
            1 => ("is", "it"),
            _ => ("are", "them"),
        };
        let why = format!("git does not track {them}: `git add -N` takes new files in");
        Ok(Some(format!("{} {are} left out, as {why}", few(&names))))
    }

    /// Whether the tracked files of the directory are those of the first state.
    pub fn is_here(&self) -> Result<bool, PatchError> {
        let index = self.private_index()?;
        let mut git = self.git(&["diff", "--quiet", "--no-ext-diff", "--relative"]);
        git.arg("--ignore-submodules=none");
        git.args(["--end-of-options", &self.from, "--"]).env("GIT_INDEX_FILE", index.path());
        let output = self.output(&mut git)?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(self.said(&output)),
        }
    }

    /// Where the first state of the directory is if it is not the directory itself: checked out, in our directory `root`.
    pub(crate) fn check_out_unless_here(
        &self,
        root: &Utf8Path,
        events: &mut BuildEvents<'_>,
    ) -> Result<Option<Utf8PathBuf>, PatchError> {
        if self.is_here()? {
            return Ok(None);
        }
        let root = root.join("sources");
        let message = format!("the sources of {}, to {root}", self.from);
        events(BuildEvent::Status { verb: "Checking out", message });
        Ok(Some(self.check_out(&root)?))
    }

    /// Makes `root` the first state of the repository, and returns where in it the directory is. Files that
    /// are right already stay.
    fn check_out(&self, root: &Utf8Path) -> Result<Utf8PathBuf, PatchError> {
        let failed = |source| PatchError::Io { path: root.to_owned(), source };
        let (index, partial) = (beside(root, "index"), beside(root, "partial"));
        if partial.exists() {
            atomic::remove_dir(root).map_err(failed)?;
            for file in [&index, &beside(root, "index.lock")] {
                atomic::remove_file(file).map_err(failed)?;
            }
        }
        let git_dir = self.ask(&["rev-parse", "--absolute-git-dir"])?;
        let prefix = self.ask(&["rev-parse", "--show-prefix"])?;
        let commit = self.ask(&["rev-parse", "--verify", &format!("{}^{{commit}}", self.from)])?;
        fs::create_dir_all(root).and_then(|()| fs::write(&partial, "")).map_err(failed)?;
        let mut git = self.git(&[&format!("--git-dir={git_dir}"), &format!("--work-tree={root}")]);
        git.args(["read-tree", "--reset", "-u", &commit]).env("GIT_INDEX_FILE", &index);
        self.run(git.current_dir(root))?;
        atomic::remove_file(&partial).map_err(failed)?;
        Ok(if prefix.is_empty() { root.to_owned() } else { root.join(prefix) })
    }

    fn is_of_work_tree(&self) -> bool {
        self.to.is_none()
    }

    /// A copy of the index: git refreshes the one that it reads.
    fn private_index(&self) -> Result<NamedTempFile, PatchError> {
        let failed = |source| PatchError::Io { path: self.source.clone(), source };
        let index = self.source.join(self.ask(&["rev-parse", "--git-path", "index"])?);
        let copy = NamedTempFile::new().map_err(failed)?;
        if index.exists() {
            // Git reads files that are no older than the index, since an edit in the same second cannot be told from
            // their times. So the copy has the time of the index.
            let copied = fs::metadata(&index)
                .and_then(|metadata| metadata.modified())
                .and_then(|time| fs::copy(&index, copy.path()).map(|_| time))
                .and_then(|time| copy.as_file().set_modified(time));
            copied.map_err(failed)?;
        }
        self.look_at_all(&copy)?;
        Ok(copy)
    }

    /// Takes the marks off `index` by which people tell git not to look at files that are there: make does.
    fn look_at_all(&self, index: &NamedTempFile) -> Result<(), PatchError> {
        let failed = |source| PatchError::Io { path: self.source.clone(), source };
        let mut git = self.git(&["ls-files", "-v", "-z"]);
        let listed = self.run(git.env("GIT_INDEX_FILE", index.path()))?.stdout;
        // A letter, a space, and the name; small letters are for what is assumed to be as it was.
        let marked = listed.split(|byte| *byte == 0).filter_map(|line| {
            let (letter, name) = (line.first()?, line.get(2..)?);
            let is_marked = *letter == b'S' || letter.is_ascii_lowercase();
            let path = self.source.as_std_path().join(OsStr::from_bytes(name));
            (is_marked && path.symlink_metadata().is_ok()).then_some(name)
        });
        let names = marked.collect::<Vec<_>>().join(&0);
        if names.is_empty() {
            return Ok(());
        }
        for mark in ["--no-assume-unchanged", "--no-skip-worktree"] {
            let mut list = tempfile::tempfile().map_err(failed)?;
            list.write_all(&names).and_then(|()| list.rewind()).map_err(failed)?;
            let mut git = self.git(&["update-index", "-z", mark, "--stdin"]);
            self.run(git.env("GIT_INDEX_FILE", index.path()).stdin(list))?;
        }
        Ok(())
    }

    /// Refuses edited files that git reads through a filter or from another encoding: a difference of theirs is none for
    /// git if the filter takes it away.
    fn expect_unfiltered(&self, index: &NamedTempFile) -> Result<(), PatchError> {
        for attribute in ["filter", "working-tree-encoding"] {
            let mut git =
                self.git(&["ls-files", "-z", "--", &format!(":(exclude,attr:!{attribute})")]);
            let listed = self.run(git.env("GIT_INDEX_FILE", index.path()))?.stdout;
            for name in listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
                let name = OsStr::from_bytes(name);
                let Ok(bytes) = fs::read(self.source.as_std_path().join(name)) else {
                    // It is removed, or no file: git tells both.
                    continue;
                };
                let mut object = self.from.clone().into_bytes();
                object.extend(b":./");
                object.extend(name.as_bytes());
                let mut git = self.git(&["cat-file", "--filters"]);
                let output = self.output(git.arg(OsStr::from_bytes(&object)))?;
                // A file that is new has all its lines in the patch.
                if output.status.success() && output.stdout != bytes {
                    return Err(self.failed(format!(
                        "git reads `{}` through the attribute `{attribute}`, which can hide what is edited in it",
                        name.to_string_lossy()
                    )));
                }
            }
        }
        Ok(())
    }

    /// The line that git answers.
    fn ask(&self, arguments: &[&str]) -> Result<String, PatchError> {
        let output = self.run(&mut self.git(arguments))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        for name in FOREIGN {
            git.env_remove(name);
        }
        git.args(SETTINGS.iter().flat_map(|setting| ["-c", setting])).args(arguments);
        git.env("LC_ALL", "C")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .current_dir(&self.source)
            .stdin(Stdio::null());
        git
    }

    fn output(&self, git: &mut Command) -> Result<Output, PatchError> {
        git.output().map_err(|error| self.failed(error.to_string()))
    }

    fn run(&self, git: &mut Command) -> Result<Output, PatchError> {
        let output = self.output(git)?;
        if output.status.success() { Ok(output) } else { Err(self.said(&output)) }
    }

    fn said(&self, output: &Output) -> PatchError {
        self.failed(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
    }

    fn failed(&self, message: String) -> PatchError {
        PatchError::Git { range: self.name.clone(), message }
    }
}
