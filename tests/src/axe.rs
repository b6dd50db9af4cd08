//! axe-core, which finds in a browser what keeps people from using a page.

use anyhow::Result;

use crate::klp::root;
use crate::tools::lacks;

/// Where `cargo xtask tools` puts it: `xtask/src/axe.rs`.
const PLACE: &str = "target/tools/axe-core-4.14.1/axe.min.js";

/// The script, where it is there.
///
/// # Panics
///
/// If it is not, and that was not allowed.
pub fn script(test: &str) -> Result<Option<String>> {
    let path = root().join(PLACE);
    if path.is_file() {
        return Ok(Some(fs_err::read_to_string(path)?));
    }
    lacks(test, "there is no axe-core, which `cargo xtask tools` fetches");
    Ok(None)
}
