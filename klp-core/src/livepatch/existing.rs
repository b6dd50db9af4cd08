//! Data that changes, and that the running kernel has already.

use std::collections::BTreeMap;

use crate::checksum::ContentKind;
use crate::diff::Changes;
use crate::kernel::Region;
use crate::obstacle::Obstacle;
use crate::record::{Change, ChangedData, Refused};

/// What `changes` says about data that exists already: it is shared with the running kernel, so a new
/// initial value does not reach it.
#[must_use]
pub fn data(changes: &Changes) -> Vec<Refused> {
    let existing = changes.data.iter().filter(|data| data.change == Change::Changed);
    let tracepoints = added_tracepoints(changes);
    let existing = existing.filter(|data| {
        !TRACEPOINT_TABLES.contains(&data.section.as_str())
            || !tracepoints.contains_key(&*data.object)
    });
    let new = tracepoints.iter().flat_map(|(object, names)| {
        names.iter().map(move |name| {
            let why = "the patch adds this tracepoint, and a livepatch brings none; leave it and its calls out, or use \
                       trace_printk() instead";
            Refused::new(Obstacle::Tracepoint, object, name, why)
        })
    });
    existing
        .map(|data| {
            if let Some(event) = trace_event(data) {
                let why = "the patch changes this trace event: the running kernel has told user space what its records \
                           are, and goes on telling it; leave it as it is";
                return Refused::new(Obstacle::TraceEvent, &data.object, event, why);
            }
            let readers = match data.read_by.as_slice() {
                [] => String::new(),
                readers => format!(", read by {}", readers.join(", ")),
            };
            let why = format!("changed data in {}{readers}: {}", data.section, kept(data));
            let name = data.name.as_ref().unwrap_or(&data.section);
            Refused::new(Obstacle::ChangedData, &data.object, name, why)
        })
        .chain(new)
        .collect()
}

/// What the running kernel does with data that changes, and what can be done about it.
fn kept(data: &ChangedData) -> &'static str {
    let section = data.section.as_bytes();
    let is_writable = !section.starts_with(b".rodata");
    let name = data.name.as_deref().unwrap_or_default();
    match Region::of_section(section, false, is_writable) {
        Region::Freed => {
            "the running kernel has used it, and freed it; the change cannot take effect"
        }
        _ if data.causes.iter().any(|cause| cause.kind == ContentKind::Section) => {
            "it is another kind of memory than before, and the running kernel keeps its own as it was, or has freed it; \
             give the new one another name"
        }
        _ if OF_THE_VERSION.contains(&name) => {
            "it holds the version of the kernel, which the running one keeps; leave out what the patch does to SUBLEVEL and \
             the like in the Makefile"
        }
        _ if OF_SYSTEM_CALLS.iter().any(|prefix| name.starts_with(prefix)) => {
            "the running kernel has told user space what the arguments of this system call are; define it with \
             KLP_SYSCALL_DEFINE where the kernel has <linux/livepatch_helpers.h>"
        }
        Region::Constant | Region::ReadOnlyAfterInit if name.is_empty() => {
            "the running kernel keeps its own, which has no name and which nobody can write"
        }
        Region::Constant | Region::ReadOnlyAfterInit => {
            "the running kernel keeps its own, which nobody can write; give the new one another name where only functions \
             use it, or change the functions that it leads to"
        }
        _ if name.is_empty() => {
            "the running kernel keeps its own, which has no name by which it could be set"
        }
        _ => {
            "the running kernel keeps its value; set it in a pre-patch callback, or use a shadow variable for new members"
        }
    }
}

/// What holds the version of the kernel (`init/version.c`, `include/linux/vermagic.h`).
const OF_THE_VERSION: [&str; 4] = ["linux_banner", "linux_proc_banner", "init_uts_ns", "vermagic"];

/// What tells of system calls (`SYSCALL_METADATA` of `include/linux/syscalls.h`).
const OF_SYSTEM_CALLS: [&str; 5] =
    ["__syscall_meta_", "types__", "args__", "event_enter__", "event_exit__"];

/// Tables with an entry for each tracepoint or trace event of an object, without names.
const TRACEPOINT_TABLES: [&str; 3] = ["__tracepoints_ptrs", "_ftrace_events", "__bpf_raw_tp_map"];

/// By object, the tracepoints that are added (`DEFINE_TRACE` of `include/linux/tracepoint.h`).
fn added_tracepoints(changes: &Changes) -> BTreeMap<&str, Vec<&str>> {
    let mut tracepoints: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let added = changes.data.iter().filter(|data| data.change == Change::Added);
    for data in added {
        let name = data.name.as_ref().and_then(|name| name.strip_prefix("__tracepoint_"));
        if let Some(name) = name {
            tracepoints.entry(&data.object).or_default().push(name);
        }
    }
    tracepoints
}

/// The trace event that a variable describes (`include/trace/trace_events.h`).
fn trace_event(data: &ChangedData) -> Option<&str> {
    const PREFIXES: [&str; 4] =
        ["print_fmt_", "trace_event_fields_", "trace_event_type_funcs_", "event_class_"];
    let name = data.name.as_ref()?;
    PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why(section: &str, name: Option<&str>) -> String {
        let data = ChangedData {
            object: "a.o".to_owned(),
            linked: None,
            name: name.map(str::to_owned),
            section: section.to_owned(),
            change: Change::Changed,
            aliases: Vec::new(),
            read_by: Vec::new(),
            causes: Vec::new(),
        };
        let mut changes = Changes::default();
        changes.data.push(data);
        super::data(&changes).into_iter().map(|refused| refused.why).collect()
    }

    #[test]
    fn advice_is_for_what_can_be_helped() {
        assert!(why(".data", Some("limit")).contains("pre-patch callback"));
        assert!(why(".data", Some("init_uts_ns")).contains("SUBLEVEL"));
        assert!(why(".rodata", Some("linux_banner")).contains("SUBLEVEL"));
        assert!(why(".rodata", Some("types__umask")).contains("KLP_SYSCALL_DEFINE"));
        assert!(why(".rodata", Some("timerfd_fops")).contains("another name"));
        for (section, name) in [(".init.data", Some("limit")), (".data", None), (".rodata", None)] {
            let why = why(section, name);
            for advice in ["callback", "another name", "SUBLEVEL"] {
                assert!(!why.contains(advice), "{section}: {why}");
            }
        }
    }
}
