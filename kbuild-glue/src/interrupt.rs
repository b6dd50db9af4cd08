//! Ctrl-C: one flag, and the process group that has to end with us.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// Shared between the thread that builds and the thread that receives signals.
#[derive(Debug, Default)]
pub struct Interrupt {
    times: AtomicU32,
    /// The group of the make that runs. Locked while it is signalled and while it is reaped, so
    /// that no signal can reach a group that took over the number.
    group: Mutex<Option<Pid>>,
}

impl Interrupt {
    /// Not interrupted, nothing running.
    #[must_use]
    pub const fn new() -> Self {
        Self { times: AtomicU32::new(0), group: Mutex::new(None) }
    }

    /// Asks everything to end: make and its compilers by SIGINT, so that make removes what is
    /// half made and gives its tokens back. From the second call on by SIGKILL.
    ///
    /// Not by SIGTERM: make sends it on to its children, and one that gets it a second time ends
    /// with its tokens.
    pub fn raise(&self) {
        let before = self.times.fetch_add(1, Ordering::SeqCst);
        let signal = if before == 0 { Signal::INT } else { Signal::KILL };
        if let Some(group) = *self.group() {
            // It may have ended by itself.
            let _ = kill_process_group(group, signal);
        }
    }

    /// Whether [`raise`](Self::raise) was called.
    #[must_use]
    pub fn is_raised(&self) -> bool {
        self.times.load(Ordering::SeqCst) > 0
    }

    /// Whether a make runs, after which the thread that waits for it ends everything.
    #[must_use]
    pub fn has_make_to_end(&self) -> bool {
        self.group().is_some()
    }

    pub(crate) fn group(&self) -> MutexGuard<'_, Option<Pid>> {
        self.group.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes `group` the one to end; at once if we were interrupted while it started.
    pub(crate) fn watch(&self, group: Pid) {
        let mut current = self.group();
        *current = Some(group);
        if self.is_raised() {
            let _ = kill_process_group(group, Signal::INT);
        }
    }
}
