//! Tries livepatch modules in a virtual machine: boots the kernel that was built in QEMU with a small
//! initrd, loads the modules, waits for the transitions, runs scripts before and after, unloads, and
//! reports.
//!
//! [`Trial`] says what to try, [`GuestMachine`] with what, and [`GuestMachine::run`] tells how it went. A kernel
//! warning or oops in the log is a failure, and so is a guest that dies or does not come to an end.
//!
//! What this crate needs from the outside comes in through arguments: it never prints, and it never
//! reads the environment.

mod arch;
mod console;
mod error;
mod guest;
mod initrd;
mod judge;
mod machine;
mod modules;
mod qemu;
mod requirements;
mod signature;
mod trial;

pub use arch::QEMU;
pub use error::VmError;
pub use machine::{GuestMachine, VmEvent};
pub use qemu::{Accelerator, is_log};
pub use requirements::programs;
pub use trial::{Stage, Trial, TrialOutcome, TrialStep};
