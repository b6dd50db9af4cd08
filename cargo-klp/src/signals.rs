//! Ctrl-C and SIGTERM end the build and let this program clean up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kbuild_glue::Interrupt;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::ExitStatus;

/// Whether there is something to clean up. Before, the program can wait without end, for somebody who writes a patch or rules
/// to it, and nothing would look at an interrupt.
static CLEANS_UP: AtomicBool = AtomicBool::new(false);

/// From now on signals only raise the interrupt.
pub(crate) fn clean_up() {
    CLEANS_UP.store(true, Ordering::SeqCst);
}

/// From now on signals end the process, but while make runs: everything is where the next run wants it, and what is
/// computed now looks at no interrupt.
pub(crate) fn cleaned_up() {
    CLEANS_UP.store(false, Ordering::SeqCst);
}

/// Passes signals on to `interrupt` for as long as the process lives. They also end it before [`clean_up`] and after
/// [`cleaned_up`].
pub(crate) fn forward(interrupt: &Arc<Interrupt>) -> std::io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let interrupt = Arc::clone(interrupt);
    std::thread::spawn(move || {
        for _ in signals.forever() {
            interrupt.raise();
            if !CLEANS_UP.load(Ordering::SeqCst) && !interrupt.has_make_to_end() {
                std::process::exit(ExitStatus::Interrupted.number().into());
            }
        }
    });
    Ok(())
}

/// Ctrl-C does not end this process any more: another one has the terminal.
pub(crate) fn ignore_interrupts() -> std::io::Result<()> {
    signal_hook::flag::register(SIGINT, Arc::new(AtomicBool::new(false))).map(drop)
}
