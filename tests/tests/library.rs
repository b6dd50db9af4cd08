//! The library without the command line: the example that uses it as a bot would.

use anyhow::{Result, anyhow, ensure};
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::report::expected;

#[expect(dead_code, reason = "the example is a program")]
#[path = "../../examples/bot.rs"]
mod bot;

#[test]
fn a_bot_reviews_a_patch() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let patch = example_patch("change-inline");
    let review = || bot::review(&kernel.source, &patch).map_err(|error| anyhow!("{error}"));
    let lines = review()?;
    let expected = expected(&patch)?;
    assert!(!expected.is_empty());
    for (object, name) in &expected {
        let line = format!("Changed: {name} in {object}");
        ensure!(lines.contains(&line), "{line}: {lines:?}");
    }
    // The second review finds the original that the first has built.
    assert_eq!(review()?, lines);
    Ok(())
}

/// What a caller names is not ours because of that.
#[test]
fn files_of_others_stay() -> Result<()> {
    const THESIS: &str = "my thesis";
    let kernel = Kernel::in_tree()?;
    let patch = example_patch("change-inline");
    let module = kernel.source.join(".klp/livepatch-change-inline.ko");
    bot::review(&kernel.source, &patch).map_err(|error| anyhow!("{error}"))?;
    for path in [module, kernel.source.join("changed-functions.json")] {
        fs_err::write(&path, THESIS)?;
        let error = bot::review(&kernel.source, &patch).err().map(|error| error.to_string());
        ensure!(error.is_some_and(|error| error.contains("exists and is not")), "{path}");
        assert_eq!(fs_err::read_to_string(&path)?, THESIS);
        fs_err::remove_file(&path)?;
    }
    Ok(())
}
