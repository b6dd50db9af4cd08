//! Which sections mean in a module what they mean in the kernel: the module loader knows a few by their names
//! (kernel/module/main.c, scripts/module.lds.S), and gives all others plain memory.

use std::borrow::Cow;

/// Code, constants and variables of any kind, each also with more behind a dot.
const PLAIN: &[&[u8]] = &[
    b".text",
    b".noinstr.text",
    b".sched.text",
    b".cpuidle.text",
    b".kprobes.text",
    b".spinlock.text",
    b".irqentry.text",
    b".softirqentry.text",
    b".ref.text",
    b".static_call.text",
    b".altinstr_aux",
    b".altinstr_replacement",
    b".fixup",
    b".rodata",
    b".ref.rodata",
    b".data",
    b".ref.data",
    b".bss",
];

/// Variables that the kernel's linker script keeps apart for what is done with them there.
const SPECIAL: &[&[u8]] = &[
    b".data..nosave",
    b".data..decrypted",
    b".bss..decrypted",
    b".data..init_task",
    b".data..vm",
    b".bss..brk",
];

/// Tables that the loader hands to those who read them, beside the tables of code.
const TABLES: &[&[u8]] = &[
    b"__dyndbg",
    b"__dyndbg_classes",
    b"__tracepoints",
    b"__tracepoints_ptrs",
    b"__tracepoints_strings",
    b"__tracepoint_str",
    b"__trace_printk_fmt",
    b"_ftrace_events",
    b"_ftrace_eval_map",
    b"__bpf_raw_tp_map",
    b"___srcu_struct_ptrs",
];

/// What the kernel has one of for each processor, whatever is said about its alignment.
const PER_CPU: &[u8] = b".data..percpu";

/// What GCC and LLVM call sections of writable data that they make without a name: the descriptions of places in code
/// for the functions that report undefined behaviour there (`-fsanitize=shift` and others).
const DESCRIPTIONS: &[&[u8]] = &[b".data..Lubsan_", b".data..L__unnamed_"];

/// Whether a section holds such a description, of which a module can have its own.
///
/// It is constant but for one bit, which `__ubsan_handle_*` (lib/ubsan.c) sets so that each place is reported once. The
/// old and the new code of a place are different places, and nothing else reads or writes there.
pub(super) fn is_description(name: &[u8]) -> bool {
    DESCRIPTIONS.iter().any(|start| name.starts_with(start))
}

/// Whether each processor has its own of what is in section `name`.
pub(super) fn is_per_cpu(name: &[u8]) -> bool {
    name.starts_with(PER_CPU)
}

/// Whether section `name` is one of variables that the kernel's linker script keeps apart.
pub(super) fn is_special(name: &[u8]) -> bool {
    is_below(SPECIAL, name)
}

/// Whether `name` is one of `starts`, or goes on with a dot behind one.
fn is_below(starts: &[&[u8]], name: &[u8]) -> bool {
    let rests = starts.iter().filter_map(|start| name.strip_prefix(*start));
    rests.into_iter().any(|rest| rest.is_empty() || rest.starts_with(b"."))
}

/// The section of a module for what is in section `name` of an object of the kernel; none if there is none like it.
pub(super) fn in_module(name: &[u8]) -> Option<Cow<'_, [u8]>> {
    if is_per_cpu(name) {
        return Some(Cow::Borrowed(PER_CPU));
    }
    if is_special(name) {
        return None;
    }
    let is_known = is_below(PLAIN, name) || TABLES.contains(&name) || super::pieces::is_table(name);
    is_known.then_some(Cow::Borrowed(name))
}

#[cfg(test)]
mod tests {
    use super::in_module;

    #[test]
    fn what_the_loader_would_treat_as_plain_memory_has_no_place() {
        for name in
            [".data..nosave", ".data_nosave", ".entry.text", ".x86_cpu_dev.init", "my_table"]
        {
            assert_eq!(in_module(name.as_bytes()), None, "{name}");
        }
        for name in [
            ".text.f",
            ".data..read_mostly",
            ".data..ro_after_init",
            ".ref.data",
            ".rodata.str1.1",
            ".bss.x",
        ] {
            assert_eq!(in_module(name.as_bytes()).as_deref(), Some(name.as_bytes()));
        }
        let aligned = in_module(b".data..percpu..shared_aligned");
        assert_eq!(aligned.as_deref(), Some(&b".data..percpu"[..]));
    }
}
