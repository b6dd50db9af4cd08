//! Livepatch modules with a signature.

use std::os::unix::fs::PermissionsExt as _;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use kbuild_glue::{Interrupt, Signing, Tree, Workspace};
use klp_tests::kernel::Kernel;
use klp_tests::klp::{klp, run};

/// Stands for the kernel's own program, with its arguments: HASH KEY CERTIFICATE MODULE.
const SIGN_FILE: &str = r#"#!/bin/sh
test -s "$2" || { echo "no key in $2" >&2; exit 1; }
printf '~%s %s %s~' "$1" "$(cat "$2")" "$(cat "$3")" >> "$4"
"#;

#[test]
fn a_module_is_signed_by_the_kernels_own_program() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let tree = Tree::find(&kernel.source, None)?;
    let root = kernel.directory.join("work");
    let workspace = Workspace::open(&tree, &root, &Interrupt::new(), &mut |_| {})?;
    let build = workspace.build_path();
    fs_err::create_dir_all(build.join("scripts"))?;
    fs_err::create_dir_all(workspace.module_path())?;
    let signing = Signing {
        key: kernel.directory.join("key.pem"),
        certificate: kernel.directory.join("cert.pem"),
    };
    fs_err::write(&signing.key, "key")?;
    fs_err::write(&signing.certificate, "certificate")?;
    let sign = || signing.sign(b"module", &build, &workspace.module_path());
    let error = sign().expect_err("there is no program");
    ensure!(error.to_string().contains("scripts/sign-file"), "{error}");
    ensure!(error.hint().is_some_and(|hint| hint.contains("CONFIG_MODULE_SIG")), "{error}");

    let program = build.join("scripts/sign-file");
    fs_err::write(&program, SIGN_FILE)?;
    fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755))?;
    let config = build.join(".config");
    for (text, hash) in [("", "sha256"), ("CONFIG_MODULE_SIG_HASH=\"sha512\"\n", "sha512")] {
        fs_err::write(&config, text)?;
        let signed = String::from_utf8(sign()?)?;
        assert_eq!(signed, format!("module~{hash} key certificate~"));
    }
    fs_err::write(&signing.key, "")?;
    let error = sign().expect_err("the key is empty");
    ensure!(error.to_string().contains("no key in"), "{error}");
    let left: Vec<_> = workspace.module_path().read_dir_utf8()?.collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

#[test]
fn a_key_that_is_not_there_is_told_before_anything_is_built() -> Result<()> {
    let kernel = Kernel::in_tree()?;
    let patch = kernel.directory.join("fix.patch");
    let text = "--- a/Makefile\n+++ b/Makefile\n@@ -1 +1,2 @@\n VERSION = 7\n+# a line\n";
    fs_err::write(&patch, text)?;
    let build = |arguments: &[&str], status| -> Result<String> {
        let outcome = run(kernel.build(arguments)?.current_dir(&kernel.directory))?;
        Ok(outcome.expect(status)?.stderr)
    };
    let text = build(&["--sign-key", "no.pem", patch.as_str()], 2)?;
    ensure!(text.contains("--sign-cert"), "{text}");
    let both = ["--sign-key", "no.pem", "--sign-cert", "no.crt", patch.as_str()];
    let human = |text: &str| text.contains("no.pem");
    let outcome = run(klp(kernel.build_arguments())?.args(both).current_dir(&kernel.directory))?;
    let outcome = outcome.expect(1)?;
    ensure!(human(&outcome.stdout) || human(&outcome.stderr), "{outcome:?}");
    ensure!(!kept(&kernel.output), "something was built");
    Ok(())
}

fn kept(output: &Utf8Path) -> bool {
    output.join(".klp").exists()
}
