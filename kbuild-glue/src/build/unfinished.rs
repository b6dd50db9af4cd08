//! What a run left that was killed, for who only reads what is kept.

use camino::Utf8Path;

use super::{BuildError, Workspace, ours};
use crate::event::BuildEvents;
use crate::interrupt::Interrupt;
use crate::tree::Tree;

/// Are there while a run works, or since one was killed.
const LEFT: &[&str] = &["build.journal", "build.original", "mirror.journal", "running"];

/// Makes our directory `root` right again if a run was killed there; waits for one that still works. Where there is nothing
/// to do, nothing is locked or written.
pub fn recover(
    tree: &Tree,
    root: &Utf8Path,
    interrupt: &Interrupt,
    events: &mut BuildEvents<'_>,
) -> Result<(), BuildError> {
    if !ours::is_marked(root) || !LEFT.iter().any(|name| root.join(name).exists()) {
        return Ok(());
    }
    Workspace::open(tree, root, interrupt, events)?.recover(interrupt, events)
}
