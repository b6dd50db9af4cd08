//! Sources and outputs that are links: what they lead to is compared, and what is the user's there stays as it is.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use fs_err::os::unix::fs::symlink;
use klp_tests::kernel::Kernel;
use klp_tests::klp::run;
use klp_tests::report::Report;
use klp_tests::snapshot::Snapshot;

/// What `patch` changes.
fn changed(kernel: &Kernel, patch: &Utf8Path, status: i32) -> Result<Vec<String>> {
    let outcome = run(kernel.build(["--no-module"])?.arg(patch))?.expect(status)?;
    let functions = Report::lines(&outcome.stdout)?.functions;
    Ok(functions.into_iter().map(|function| function.name).collect())
}

/// Writes a patch of a comment to a file that takes in the header.
fn comment(kernel: &Kernel) -> Result<Utf8PathBuf> {
    kernel.write_patch(
        "comment.patch",
        "kernel/stat.c",
        "SPDX-License-Identifier",
        "nothing; SPDX-License-Identifier",
    )
}

#[test]
fn a_link_into_the_tree_by_its_whole_path() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let (real, link) =
        (kernel.source.join("lib/load.h"), kernel.source.join("include/linux/load.h"));
    fs_err::rename(&link, &real)?;
    symlink(&real, &link)?;
    let patch = kernel.write_patch("fix.patch", "lib/load.h", "1981", "1771")?;
    let found = changed(&kernel, &patch, 0)?;
    ensure!(found.contains(&"task_load".to_owned()), "{found:?}");
    Ok(())
}

#[test]
fn what_a_link_leads_to_outside_of_the_tree_is_edited() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let link = kernel.source.join("include/linux/load.h");
    for target in ["../../../load.h".to_owned(), kernel.directory.join("load.h").into_string()] {
        let mine = kernel.directory.join("load.h");
        fs_err::rename(&link, &mine)?;
        symlink(&target, &link)?;
        let comment = comment(&kernel)?;
        assert_eq!(changed(&kernel, &comment, 3)?, Vec::<String>::new(), "{target}");
        let text = fs_err::read_to_string(&mine)?;
        fs_err::write(&mine, text.replace("1981", "1771"))?;
        let before = Snapshot::take(&kernel.source, &[])?;
        assert_eq!(changed(&kernel, &comment, 3)?, Vec::<String>::new(), "{target}");
        before.expect(&Snapshot::take(&kernel.source, &[])?)?;
        fs_err::write(&mine, &text)?;
        fs_err::remove_file(&link)?;
        fs_err::rename(&mine, &link)?;
    }
    Ok(())
}

/// What the link leads to then is older than the objects.
#[test]
fn a_link_is_led_elsewhere() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let link = kernel.source.join("include/linux/load.h");
    let [one, two] = ["one.h", "two.h"].map(|name| kernel.source.join("include/linux").join(name));
    let text = fs_err::read_to_string(&link)?;
    fs_err::write(&two, text.replace("1981", "1771"))?;
    fs_err::rename(&link, &one)?;
    symlink("one.h", &link)?;
    let comment = comment(&kernel)?;
    changed(&kernel, &comment, 3)?;
    fs_err::remove_file(&link)?;
    symlink("two.h", &link)?;
    assert_eq!(changed(&kernel, &comment, 3)?, Vec::<String>::new());
    let back = kernel.write_patch("back.patch", "include/linux/two.h", "1771", "1981")?;
    let found = changed(&kernel, &back, 0)?;
    ensure!(found.contains(&"task_load".to_owned()), "{found:?}");
    Ok(())
}

/// A program that finds files of the same bytes can make them one file.
#[test]
fn files_that_are_one_with_the_users() -> Result<()> {
    let kernel = Kernel::with_output()?;
    kernel.make(&["all"])?;
    changed(&kernel, &comment(&kernel)?, 3)?;
    let mut linked = 0;
    for (users, ours) in [(&kernel.output, "build"), (&kernel.source, "mirror")] {
        let ours = kernel.work().join(ours);
        for path in Snapshot::take(users, &[".klp"])?.paths() {
            let (one, other) = (users.join(path), ours.join(path));
            if one.is_file() && other.is_file() && fs_err::read(&one)? == fs_err::read(&other)? {
                fs_err::remove_file(&other)?;
                fs_err::hard_link(&one, &other)?;
                linked += 1;
            }
        }
    }
    ensure!(linked > 100, "{linked}");
    let lds = kernel.source.join("arch/x86/kernel/vmlinux.lds.S");
    let text = fs_err::read_to_string(&lds)?;
    fs_err::write(&lds, text.replace("0xffffffff81000000", "0xffffffff82000000"))?;
    let look = || -> Result<[Snapshot; 2]> {
        let output = Snapshot::take(&kernel.output, &[".klp", "changed-functions.json"])?;
        Ok([output, kernel.snapshot()?])
    };
    let before = look()?;
    changed(&kernel, &comment(&kernel)?, 3)?;
    before.iter().zip(&look()?).try_for_each(|(before, after)| before.expect(after))
}
