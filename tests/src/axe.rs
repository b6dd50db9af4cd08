//! axe-core, which finds in a browser what keeps people from using a page.

use anyhow::Result;

use crate::klp::root;
use crate::tools::skipped;

/// Where `cargo xtask tools` puts it: `xtask/src/axe.rs`.
const PLACE: &str = "target/tools/axe-core-4.14.1/axe.min.js";

/// The script, where it is there. It comes from npm, which not every machine can reach.
pub fn script(test: &str) -> Result<Option<String>> {
    let path = root().join(PLACE);
    if path.is_file() {
        return Ok(Some(fs_err::read_to_string(path)?));
    }
    skipped(test, "there is no axe-core, which `cargo xtask tools` fetches where npm can");
    Ok(None)
}
