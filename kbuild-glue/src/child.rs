//! Programs that must not outlive us.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Lets a program that is started receive SIGTERM when this thread ends in whatever way, kill -9 included: make must not go on
/// in a directory whose lock is free, and no guest without those who watch it.
pub fn end_with_us(command: &mut Command) {
    let parent = getpid();
    #[expect(unsafe_code, reason = "runs between fork and exec: two system calls, no allocation")]
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::TERM))?;
            if getppid() != Some(parent) {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            Ok(())
        });
    }
}
