//! `cargo klp rules`.

use klp_core::image::proof;
use klp_core::rules::RULES;

use crate::cli::StreamFormat;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;

pub(crate) fn run(format: StreamFormat) -> Result<ExitStatus, RunError> {
    report::rules(&[RULES, proof::RULES].concat(), format).map_err(RunError::Print)?;
    Ok(ExitStatus::Success)
}
