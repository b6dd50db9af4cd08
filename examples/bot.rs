//! What a bot does with the patch of a merge request: which functions does it change, and can it be a livepatch?
//!
//! `cargo run -p klp --example bot -- LINUX fix.patch`, where LINUX is a source tree with a `.config`.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Interrupt, PatchSet};
use klp::{Kernel, LivepatchRequest, Location, Rules, Session, livepatch_name};

#[expect(clippy::print_stdout, reason = "this is a program")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1).map(Utf8PathBuf::from);
    let (Some(tree), Some(patch)) = (arguments.next(), arguments.next()) else {
        return Err("usage: bot LINUX PATCH".into());
    };
    review(&tree, &patch)?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// One line for each function that `patch` changes in the kernel `tree`, then the livepatch module or why there is none.
pub(crate) fn review(
    tree: &Utf8Path,
    patch: &Utf8Path,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let kernel =
        Kernel::find(&Location { directory: Some(tree.to_owned()), ..Location::default() })?;
    let session = Session::new(None, Interrupt::new().into())?;
    // What happens meanwhile; a progress bar would be made of it.
    let events = &mut |_| ();

    let rules = Rules::default();
    let original = kernel.open(&session, events)?.original(&rules, events)?;
    let patched = original.patched(&PatchSet::read(&[patch])?, events)?;
    let mut comparison = patched.compare(&[], events)?;
    let request = LivepatchRequest {
        path: kernel.root.join(format!("{}.ko", livepatch_name(Some(patch)))),
        required: false,
        force: false,
        replace: true,
        signing: None,
    };
    let livepatch = comparison.livepatch(&request, events)?;

    let changes = comparison.changes();
    let functions = changes.functions.iter();
    let mut lines: Vec<String> =
        functions.map(|it| format!("{:?}: {} in {}", it.change, it.name, it.object)).collect();
    lines.extend(changes.refused.iter().map(|it| format!("refused: {}: {}", it.name, it.why)));
    lines.extend(livepatch.map(|it| format!("module: {}", it.path)));
    Ok(lines)
}
