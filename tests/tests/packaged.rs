//! Debian packages of livepatches.

use anyhow::{Result, ensure};
use kbuild_glue::DebianPackage;
use klp_tests::kernel::temporary;
use klp_tests::tools::{have, tool};

#[test]
fn a_package_has_the_module_and_what_loads_it() -> Result<()> {
    if !have("packaged", &["dpkg-deb"]) {
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let name = DebianPackage::usable_name("livepatch-Some_Fix");
    let package = DebianPackage {
        name: &name,
        module_name: "livepatch_Some_Fix",
        version: "2.1",
        release: "6.1.0-56-amd64",
        build_id: &[0xab, 0x01],
        module: b"module",
    };
    let (work, path) = (directory.join("work"), directory.join("fix.deb"));
    fs_err::write(&path, "!<arch>\nsomebody's own package")?;
    ensure!(!DebianPackage::is_ours(&path), "somebody's package is taken for ours");
    package.write(&work, &path)?;
    ensure!(DebianPackage::is_ours(&path), "our package is not known again");
    ensure!(fs_err::read_dir(&directory)?.count() == 1, "more than the package is left");
    ensure!(!work.exists(), "the directory of work is left behind");
    for (field, value) in [
        ("Package", "livepatch-some-fix"),
        ("Version", "2.1"),
        ("Architecture", "amd64"),
        ("Enhances", "linux-image-6.1.0-56-amd64"),
    ] {
        assert_eq!(tool("dpkg-deb", ["--field", path.as_str(), field])?.trim(), value);
    }
    let root = directory.join("root");
    tool("dpkg-deb", ["--raw-extract", path.as_str(), root.as_str()])?;
    let own = root.join("usr/lib/klp/livepatch-some-fix");
    assert_eq!(fs_err::read(own.join("livepatch-some-fix.ko"))?, b"module");
    let scripts = [
        own.join("load"),
        own.join("unload"),
        root.join("DEBIAN/postinst"),
        root.join("DEBIAN/prerm"),
    ];
    for script in &scripts {
        tool("sh", ["-n", script.as_str()])?;
        tool("test", ["-x", script.as_str()])?;
    }
    let unit = root.join("usr/lib/systemd/system/livepatch-some-fix.service");
    for file in scripts.iter().chain([&unit]) {
        let text = fs_err::read_to_string(file)?;
        ensure!(!text.contains('@'), "{file} has a blank: {text}");
    }
    let load = fs_err::read_to_string(&scripts[0])?;
    ensure!(
        load.contains("/sys/module/livepatch_Some_Fix ]") && load.contains("00ab01\""),
        "{load}"
    );
    Ok(())
}
