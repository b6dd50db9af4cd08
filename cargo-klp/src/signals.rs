//! Ctrl-C and SIGTERM end the build and let this program clean up.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kbuild_glue::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Passes signals on to `interrupt` for as long as the process lives.
pub(crate) fn forward(interrupt: &Arc<Interrupt>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let interrupt = Arc::clone(interrupt);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            interrupt.raise();
        }
    });
    Ok(())
}

/// Ctrl-C does not end this process any more: another one has the terminal.
pub(crate) fn ignore_interrupts() -> std::io::Result<()> {
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false))).map(drop)
}
