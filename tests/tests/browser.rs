//! The page of `--report` in a browser.

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::axe;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{plain, run};
use klp_tests::tools::have;

use crate::report::page;

/// A browser with a profile of its own, in the directory of the pages that it shows.
struct Browser {
    profile: String,
}

/// What a browser made of a page.
struct Shown {
    document: String,
    /// What the page or its scripts complained about is in here.
    said: String,
}

impl Browser {
    fn beside(page: &Utf8Path) -> Self {
        Self { profile: format!("--user-data-dir={}", page.with_file_name("profile")) }
    }

    fn show(&self, url: &str, more: &[&str]) -> Result<Shown> {
        let output = plain("chromium")
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"])
            .args(["--enable-logging=stderr", "--virtual-time-budget=20000", &self.profile])
            .args(more)
            .arg(url)
            .output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Shown { document: text(&output.stdout), said: text(&output.stderr) })
    }

    /// The document that comes of a page, which has nothing to complain about.
    fn document(&self, url: &str, more: &[&str]) -> Result<String> {
        let Shown { document, said } = self.show(url, &[more, &["--dump-dom"]].concat())?;
        ensure!(!said.contains("CONSOLE"), "{said}");
        Ok(document)
    }

    /// Takes a picture, which stays below the target directory.
    fn picture(&self, name: &str, url: &str, more: &[&str]) -> Result<()> {
        let path = Utf8Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{name}.png"));
        let _ = fs_err::remove_file(&path);
        let Shown { said, .. } =
            self.show(url, &[more, &[&format!("--screenshot={path}")]].concat())?;
        ensure!(path.is_file(), "no {path}: {said}");
        Ok(())
    }
}

/// `page` with something behind it, beside it.
fn with(page: &Utf8Path, name: &str, more: &str) -> Result<String> {
    let path = page.with_file_name(name);
    fs_err::write(&path, fs_err::read_to_string(page)? + more)?;
    Ok(format!("file://{path}"))
}

/// The text of a page's title that a script has put there.
fn title(document: &str) -> Result<&str> {
    let title = document.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.with_context(|| document.to_owned())
}

/// Opens everything.
const OPEN: &str = "for (const part of document.querySelectorAll('details')) part.open = true;";

/// A browser shows it without a complaint, its form works, and a link opens what it leads to.
#[test]
fn it_works() -> Result<()> {
    if !have("the report in a browser", &["chromium"]) {
        return Ok(());
    }
    let (_guard, path) = page()?;
    let browser = Browser::beside(&path);
    let shown = browser.document(&format!("file://{path}#f1"), &[])?;
    ensure!(shown.contains("3 functions, 1 data object"), "{shown}");
    // A link to what somebody's words leave out shows it again.
    let words = "<script>const field = document.getElementById('find'); field.value = 'nobody'; field.dispatchEvent(new Event('input', { bubbles: true }));\
                 document.title = document.getElementById('found').textContent; location.hash = 'f1';</script>";
    let again = browser.document(&with(&path, "used.html", words)?, &[])?;
    ensure!(title(&again)?.starts_with("nothing has all of these words"), "{again}");
    ensure!(again.contains("3 functions, 1 data object"), "{again}");
    let opened = shown.split("<details ").find(|details| details.contains("id=\"f1\""));
    let opened =
        opened.and_then(|details| details.split('>').next()).context("no such function")?;
    ensure!(opened.contains(" open"), "{opened}");
    Ok(())
}

/// On a phone nothing is wider than the screen, and on paper everything is open.
#[test]
fn it_fits_a_phone_and_paper() -> Result<()> {
    if !have("the report on a phone", &["chromium"]) {
        return Ok(());
    }
    let (_guard, path) = page()?;
    let browser = Browser::beside(&path);
    let phone = path.with_file_name("phone.html");
    let frame = format!(
        "<!doctype html><iframe id=\"phone\" width=\"375\" height=\"800\" style=\"border: 0\" src=\"{path}\"></iframe>\
         <script>const phone = document.getElementById('phone'); phone.onload = () => {{\
         const page = phone.contentDocument; for (const part of page.querySelectorAll('details')) part.open = true;\
         document.title = page.documentElement.scrollWidth; }};</script>"
    );
    fs_err::write(&phone, frame)?;
    let phone = format!("file://{phone}");
    let width: u32 = title(&browser.document(&phone, &[])?)?.parse()?;
    ensure!(width <= 375, "{width}");
    browser.picture("phone", &phone, &["--window-size=500,800"])?;
    let script = "<script>dispatchEvent(new Event('beforeprint'));\
                  document.title = document.querySelectorAll('details:not([open])').length;</script>";
    let printed = browser.document(&with(&path, "paper.html", script)?, &[])?;
    assert_eq!(title(&printed)?, "0");
    Ok(())
}

/// A page about a build, with hunks and source lines.
fn of_a_build() -> Result<(Kernel, Utf8PathBuf)> {
    let kernel = Kernel::with_output()?;
    let page = kernel.directory.join("report.html");
    let patches = ["fix-one-function", "change-inline", "only-lines"].map(example_patch);
    run(kernel.build(["--report", page.as_str()])?.args(patches))?.expect(0)?;
    Ok((kernel, page))
}

/// Nothing keeps people from using it: axe finds nothing serious, by day and by night.
#[test]
fn everybody_can_use_it() -> Result<()> {
    let Some(axe) = axe::script("the report and axe")? else { return Ok(()) };
    if !have("the report and axe", &["chromium"]) {
        return Ok(());
    }
    let ((_objects, compared), (_kernel, built)) = (page()?, of_a_build()?);
    for (what, path) in [("diff", &compared), ("build", &built)] {
        let browser = Browser::beside(path);
        let opened = with(path, "opened.html", &format!("<script>{OPEN}</script>"))?;
        let script = format!(
            "<script>{OPEN}</script><script>{axe}</script><script>\
             const night = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';\
             const told = it => it.id + ' (' + it.impact + '): ' + it.help + ': ' + it.nodes.map(node => node.html).join(' ');\
             axe.run().then(found => {{ document.title = night + ' ' + found.passes.length + ' | ' +\
             found.violations.filter(it => it.impact == 'serious' || it.impact == 'critical').map(told).join('; '); }});\
             </script>"
        );
        let asked = with(path, "asked.html", &script)?;
        for (light, setting) in [
            ("dark", "--blink-settings=preferredColorScheme=0"),
            ("light", "--blink-settings=preferredColorScheme=1"),
        ] {
            let document = browser.document(&asked, &[setting])?;
            let title = title(&document)?;
            let (passed, faults) = title.split_once(" | ").with_context(|| title.to_owned())?;
            let passed = passed.strip_prefix(light).context("another colour scheme")?.trim();
            ensure!(passed.parse::<u32>()? > 10, "axe looked at nothing: {title}");
            ensure!(faults.is_empty(), "{what}, {light}: {faults}");
            browser.picture(
                &format!("{what}-{light}"),
                &opened,
                &[setting, "--window-size=1200,2400"],
            )?;
        }
    }
    Ok(())
}
