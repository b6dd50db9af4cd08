//! Livepatches in a real kernel: each case is a patch, and a script that shows its effect from user
//! space before the livepatch, with it, and without it again.

mod case;
mod effects;
mod guest;
mod kernel;
mod outside;
mod run;

pub use case::Case;
pub use effects::{Effects, Modules, effects, modules};
pub use kernel::Kernel;
pub use outside::{can_be_outside, outside};
pub use run::{Bench, alone, reproducible};
