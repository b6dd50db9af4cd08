//! Pairs of objects from kpatch's unit tests, against what `create-diff-object` says of them.
//!
//! `CARGO_KLP_TEST_KPATCH` names a directory with `NAME.ORIG.o`, the patched objects, and
//! `expected.json`: by NAME the patched object, and the names of changed and new functions.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use camino::Utf8Path;
use klp_core::record::Change;
use klp_tests::klp::{klp, run};
use klp_tests::report::Report;
use klp_tests::tools::{skipped, variable};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pair {
    patched: String,
    changed: BTreeSet<String>,
    new: BTreeSet<String>,
}

/// What we find and kpatch does not, by the reason.
const MORE: &[(&str, &str, &[&str])] = &[
    // kpatch knows these calls (warn_slowpath_fmt, __might_sleep, ...) by name, and ignores the number.
    // We keep line numbers when we build; these objects were built without that.
    (
        "__LINE__ is an operand",
        "ASSERT_RTNL-detect",
        &[
            "__dev_change_flags",
            "__dev_change_net_namespace",
            "__dev_close_many",
            "__dev_open",
            "__dev_set_allmulti",
            "__dev_set_promiscuity",
            "__netdev_has_upper_dev",
            "__netdev_notify_peers",
            "__netdev_update_features",
            "__netdev_upper_dev_link",
            "__netdev_upper_dev_unlink",
            "bpf_xdp_link_release",
            "call_netdevice_notifiers_info",
            "dev_change_name",
            "dev_change_xdp_fd",
            "dev_xdp_attach",
            "flush_all_backlogs",
            "free_netdev",
            "list_netdevice",
            "netdev_has_any_upper_dev",
            "netdev_has_upper_dev",
            "netdev_is_rx_handler_busy",
            "netdev_lower_state_changed",
            "netdev_master_upper_dev_get",
            "netdev_rx_handler_register",
            "netdev_rx_handler_unregister",
            "netif_set_real_num_rx_queues",
            "netif_set_real_num_tx_queues",
            "register_netdevice",
            "unlist_netdevice",
            "unregister_netdevice_many",
            "unregister_netdevice_queue",
        ],
    ),
    (
        "__LINE__ is an operand",
        "bug-table-section",
        &["proc_sys_compare", "unregister_sysctl_table"],
    ),
    ("__LINE__ is an operand", "clang-special-static", &["__synchronize_srcu"]),
    (
        "__LINE__ is an operand",
        "dynamic-debug-jump-label-issue-1253",
        &["balance_node_right", "split_node"],
    ),
    ("__LINE__ is an operand", "fixup-section", &["SyS_getdents", "compat_SyS_getdents"]),
    (
        "__LINE__ is an operand",
        "line-detect-issue-1253",
        &["balance_node_right", "push_node_left", "split_node"],
    ),
    (
        "__LINE__ is an operand",
        "printk-index-1-issue-1206",
        &["tcp_rcv_state_process", "tcp_rcv_synrecv_state_fastopen"],
    ),
    ("__LINE__ is an operand", "replace-section-references", &["kvm_arch_vcpu_ioctl_run"]),
    ("__LINE__ is an operand", "special-static-2", &["kvm_arch_vcpu_ioctl_run"]),
    (
        "a line in UBSAN's data, and code of .init, which kpatch leaves out",
        "cmdline-ubsan",
        &["proc_cmdline_init"],
    ),
    ("code of .init, which kpatch leaves out", "meminfo-init2", &["proc_meminfo_init"]),
    // The patch says so in sections that only kpatch knows.
    ("KPATCH_IGNORE_FUNCTION", "ignore-missing-ftracehook-issue-1091", &["blk_trace_remove"]),
    ("KPATCH_IGNORE_SECTION", "oot-issue-928.NOSTRIP", &["test_funa"]),
];

#[test]
fn pairs_of_kpatch() -> Result<()> {
    let Some(directory) = variable("CARGO_KLP_TEST_KPATCH") else {
        skipped("kpatch::pairs_of_kpatch", "CARGO_KLP_TEST_KPATCH names no directory");
        return Ok(());
    };
    let directory = Utf8Path::new(&directory);
    let text = fs_err::read_to_string(directory.join("expected.json"))?;
    let pairs: BTreeMap<String, Pair> = serde_json::from_str(&text)?;
    ensure!(!pairs.is_empty());
    let mut wrong = Vec::new();
    for (name, pair) in pairs {
        let problems = check(directory, &name, pair).with_context(|| name.clone())?;
        wrong.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

fn check(directory: &Utf8Path, name: &str, pair: Pair) -> Result<Vec<String>> {
    let original = directory.join(format!("{name}.ORIG.o"));
    let patched = directory.join(&pair.patched);
    let arguments = ["diff", "--message-format", "json", original.as_str(), patched.as_str()];
    let outcome = run(&mut klp(arguments)?)?;
    let report = Report::lines(&outcome.stdout).with_context(|| outcome.stderr.clone())?;
    let found = |change: Change| -> BTreeSet<String> {
        let functions = report.functions.iter().filter(|function| function.change == change);
        functions.map(|function| function.name.clone()).collect()
    };
    let mut changed = pair.changed;
    for (_, pair, more) in MORE {
        if *pair == name {
            changed.extend(more.iter().map(ToString::to_string));
        }
    }
    let mut problems = Vec::new();
    for (what, expected, found) in [
        ("changed", changed, found(Change::Changed)),
        ("new", pair.new, found(Change::Added)),
        ("removed", BTreeSet::new(), found(Change::Removed)),
    ] {
        problems.extend(expected.difference(&found).map(|f| format!("{f} is not found as {what}")));
        problems.extend(found.difference(&expected).map(|f| format!("{f} is found as {what}")));
    }
    problems.extend(report.refused.iter().map(|refused| format!("{refused:?}")));
    Ok(problems)
}
