//! `vermagic`: the kernel's release and the options that change its data structures
//! (include/linux/vermagic.h).

use super::{CheckReport, Topic};
use crate::kernel::LinkedKernel;
use crate::module::{ModInfo, RawElf};

pub(super) fn check(
    elf: &RawElf<'_>,
    info: &ModInfo,
    kernel: &LinkedKernel,
    report: &mut CheckReport,
) {
    let Some(found) = info.get("vermagic") else {
        report.error(Topic::Vermagic, ".modinfo", "no vermagic: the kernel refuses the module");
        return;
    };
    let wanted = &kernel.vermagic;
    // With CRCs the release may differ (same_magic in kernel/module/version.c).
    let has_crcs = elf.section_named("__versions").is_some() && kernel.symvers.has_crcs();
    let rest = |text: &str| text.split_once(' ').map_or(String::new(), |(_, rest)| rest.to_owned());
    let same = if has_crcs { rest(found) == rest(wanted) } else { found == wanted };
    if !same {
        report.error(
            Topic::Vermagic,
            ".modinfo",
            format!("made for another kernel: `{}`, not `{}`", found.trim(), wanted.trim()),
        );
    }
}
