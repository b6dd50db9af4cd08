//! `cargo klp rules`.

use klp_core::image::proof;
use klp_core::rules::RULES;

use crate::cli::MessageFormat;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::report;

pub(crate) fn run(format: MessageFormat) -> Result<ExitStatus, Error> {
    report::rules(&[RULES, proof::RULES].concat(), format).map_err(Error::Print)?;
    Ok(ExitStatus::Success)
}
