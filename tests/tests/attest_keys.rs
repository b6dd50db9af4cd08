//! The second opinion on lock class keys, which have no bytes without lockdep.

use anyhow::{Context as _, Result};
use klp_tests::tools::compilers;

use crate::attest::{BEFORE, KERNEL, passes, right};

/// Without lockdep a lock class key has no bytes: which of a function's keys is meant cannot be told, and does not matter.
#[test]
fn keys_without_bytes_are_alike() -> Result<()> {
    let show = |keys: [&str; 3]| {
        let uses = keys.map(|key| format!("exported((void *)&{key});")).concat();
        format!("int show(int n) {{ count += helper(n); {uses} return count; }}")
    };
    let key = "({ static struct key __key; &__key; })[0]";
    let old = "int show(int n) { count += helper(n); exported(\"before\"); return count; }";
    let with = |keys| format!("struct key {{ }};\n{}", BEFORE.replace(old, &show(keys)));
    let mut case = right();
    case.before = with([key, key, "count"]);
    case.after = with([key, key, key]);
    let own = show(["key_0", "key_1", key]);
    case.module = format!("struct key {{ }};\nextern struct key key_0, key_1;\n{KERNEL}{own}");
    let gcc = [("key_0", ".klp.sym.vmlinux.__key.1,0"), ("key_1", ".klp.sym.vmlinux.__key.0,0")];
    let clang =
        [("key_0", ".klp.sym.vmlinux.show.__key,0"), ("key_1", ".klp.sym.vmlinux.show.__key.1,0")];
    for compiler in compilers("keys_without_bytes_are_alike") {
        let mut case = case.clone();
        case.links.extend(if compiler == "gcc" { gcc } else { clang });
        let made = case.make(compiler)?;
        passes(&made, &made.module).context(compiler)?;
    }
    Ok(())
}
