//! Targets for kernel trees and packaging: the file `klp.mk`.

/// The name under which the file is installed.
pub const KLP_MK_NAME: &str = "klp.mk";

/// The text of the file.
pub const KLP_MK: &str = include_str!("../klp.mk");
