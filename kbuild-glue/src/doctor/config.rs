//! What the configuration has to have.

use crate::arch;
use crate::config::Config;
use crate::tree::Tree;

use super::DoctorCheck;

/// Options, what is not possible without them, and what to enable with them.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("MODULES", "a livepatch is a module", "MODULES"),
    ("LIVEPATCH", "the kernel takes no livepatch", "FTRACE FUNCTION_TRACER KALLSYMS_ALL LIVEPATCH"),
];

pub(super) fn checks(tree: &Tree, config: &Config) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let path = tree.config_path();
    if config.is_enabled(arch::OPTION) {
        checks.push(DoctorCheck::good("config", path.as_str()));
    } else {
        let fix = format!("configure for {}: the machine code of others is not read", arch::NAME);
        checks.push(DoctorCheck::bad("config", format!("{path} is not for {}", arch::NAME), fix));
    }
    for (option, without, with) in OPTIONS {
        let name = format!("CONFIG_{option}");
        if config.is_enabled(&name) {
            checks.push(DoctorCheck::good(&name, "enabled"));
            continue;
        }
        let enable: Vec<String> =
            with.split(' ').map(|option| format!("--enable {option}")).collect();
        let fix = format!(
            "{}/scripts/config --file {path} {} && make -C {} O={} olddefconfig",
            tree.source,
            enable.join(" "),
            tree.source,
            tree.output,
        );
        let found = format!("not enabled: {without}; functions can be compared all the same");
        checks.push(DoctorCheck::doubtful(&name, found, fix));
    }
    checks
}
