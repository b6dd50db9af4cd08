//! What the kernel says on its console when something is wrong with it.

use crate::arch;

/// The starts of such messages, behind time stamp and level.
const PROBLEMS: &[&str] = &[
    "WARNING:",
    "BUG:",
    "BUG at ",
    "kernel BUG at ",
    "Oops",
    "general protection fault",
    "divide error:",
    "invalid opcode:",
    "stack segment:",
    "double fault:",
    "int3:",
    "PANIC:",
    "Kernel panic",
    "Unable to handle",
    "INFO: task ",
    "watchdog: BUG",
    "rcu: INFO: rcu_",
    "INFO: rcu_",
    "UBSAN:",
    "Bad page state",
    "list_add corruption",
    "list_del corruption",
    "refcount_t:",
    "Unpatched return thunk",
    "WARN",
    "livepatch: failed ",
    "livepatch: symbol ",
    "livepatch: unresolvable ",
    arch::INVALID_RELOCATION,
    "jump_label: Fatal",
    "static_call: ",
    "ORC unwind",
];

/// Whether a line of the console tells that the kernel is not well. Lines of stack dumps do not count:
/// each follows one that does.
pub(crate) fn is_problem(line: &str) -> bool {
    let text = message(line);
    PROBLEMS.iter().any(|start| text.starts_with(start))
}

/// A line without time stamp and the number of the processor or thread.
pub(crate) fn message(line: &str) -> &str {
    let mut text = line.trim();
    while let Some((inside, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_stamp =
            |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b' ' | b'T' | b'C');
        if !inside.bytes().all(is_stamp) {
            break;
        }
        text = rest.trim_start();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{is_problem, message};

    #[test]
    fn problems_are_told_from_talk() {
        for line in [
            "[    1.234567] WARNING: CPU: 0 PID: 1 at fs/proc/meminfo.c:12 f+0x1/0x2",
            "[    1.234567][   T1] BUG: kernel NULL pointer dereference, address: 0",
            "Kernel panic - not syncing: Attempted to kill init!",
            "[   12.000000] rcu: INFO: rcu_sched self-detected stall on CPU",
            "[   12.0] Oops: 0000 [#1] SMP",
        ] {
            assert!(is_problem(line), "{line}");
        }
        for line in [
            "[    0.000000] Command line: console=ttyS0 panic=-1",
            "[    0.1] livepatch: enabling patch 'x'",
            "[    0.1] Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on",
            "[    0.1] random: crng init done",
        ] {
            assert!(!is_problem(line), "{line}");
        }
        assert_eq!(message("[    1.5] [drm] x"), "[drm] x");
    }
}
