//! `--report` and Markdown: what changed, for browsers and for CI.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{Kernel, example_patch, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::tools::tool;
use tempfile::TempDir;

/// Names that HTML and Markdown would take for their own, and everything that a comparison can tell.
const BEFORE: &str = r#"
void say(const char *, int) __asm__("\"say<b>|x\"");
int counter = 1; int *where(void) { return &counter; }
int number(int n) { say("numbers <script>alert(1)</script>", n); return n ^ 0x1234; }
int same(int n) { return 3 * n; }
int gone(int n) { return n * 7; }
"#;

pub(crate) fn objects() -> Result<(TempDir, [Utf8PathBuf; 2])> {
    let (guard, directory) = temporary()?;
    let after = BEFORE.replace("0x1234", "0x4321").replace("counter = 1", "counter = 2");
    let after = after.replace("numbers <", "a number <");
    let after = after.replace("int gone", "int fresh").replace("n * 7", "n * 9");
    let object = |name: &str, text: &str| -> Result<Utf8PathBuf> {
        let (source, object) = (directory.join("a.c"), directory.join(name));
        fs_err::write(&source, text)?;
        tool("gcc", ["-O2", "-c", source.as_str(), "-o", object.as_str()])?;
        Ok(object)
    };
    let objects = [object("before.o", BEFORE)?, object("after.o", &after)?];
    Ok((guard, objects))
}

/// The page about two objects.
pub(crate) fn page() -> Result<(TempDir, Utf8PathBuf)> {
    let (guard, [before, after]) = objects()?;
    let page = before.with_file_name("report.html");
    run(klp(["diff", before.as_str(), after.as_str()])?.args(["--report", page.as_str()]))?
        .expect(4)?;
    Ok((guard, page))
}

/// The values of an attribute.
fn values<'a>(page: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!(" {attribute}=\"");
    page.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Every link leads to one element of the page.
fn links_lead_somewhere(page: &str) -> Result<()> {
    let ids = values(page, "id");
    let known: BTreeSet<&str> = ids.iter().copied().collect();
    ensure!(known.len() == ids.len(), "two elements have one id: {ids:?}");
    for link in values(page, "href") {
        let id = link.strip_prefix('#').with_context(|| format!("a link to elsewhere: {link}"))?;
        ensure!(known.contains(id), "a link to nothing: {link}");
    }
    Ok(())
}

#[test]
fn a_page_says_what_changed_and_needs_nothing_from_elsewhere() -> Result<()> {
    let (_guard, path) = page()?;
    let page = fs_err::read_to_string(&path)?;
    for words in [
        "No livepatch module can be made of this",
        "immediate 0x1234 → 0x4321",
        "<mark>$0x1234</mark>",
        "<code>number</code>",
        "<code>fresh</code>",
        "<code>gone</code>",
        "<code>counter</code>",
    ] {
        ensure!(page.contains(words), "{words}\n{page}");
    }
    ensure!(!page.contains("<code>same</code>"), "an unchanged function\n{page}");
    links_lead_somewhere(&page)?;
    for elsewhere in [" src=", "url(", "@import", "http:", "https:"] {
        ensure!(!page.contains(elsewhere), "{elsewhere}\n{page}");
    }
    Ok(())
}

#[test]
fn what_a_kernel_says_is_never_html() -> Result<()> {
    let (_guard, path) = page()?;
    let page = fs_err::read_to_string(&path)?;
    ensure!(page.matches("<script>").count() == 1, "{page}");
    ensure!(!page.contains("say<b>"), "{page}");
    ensure!(page.contains("alert(1)") && page.contains("say&"), "nothing to escape:\n{page}");
    Ok(())
}

#[test]
fn a_page_replaces_a_page_and_nothing_else() -> Result<()> {
    let (_guard, [before, after]) = objects()?;
    let path = before.with_file_name("mine.html");
    fs_err::write(&path, "<html>my own page</html>")?;
    let diff = || -> Result<_> {
        run(klp(["diff", before.as_str(), after.as_str()])?.args(["--report", path.as_str()]))
    };
    diff()?.expect_error(1, "is not a report of cargo klp", Some("name another file"))?;
    assert_eq!(fs_err::read_to_string(&path)?, "<html>my own page</html>");
    fs_err::remove_file(&path)?;
    diff()?.expect(4)?;
    let first = fs_err::read_to_string(&path)?;
    diff()?.expect(4)?;
    assert_eq!(first, fs_err::read_to_string(&path)?, "a second page is another one");
    Ok(())
}

#[test]
fn a_build_reports_and_tells_its_times() -> Result<()> {
    let kernel = Kernel::with_output()?;
    let page = kernel.output.join("report.html");
    let patch = example_patch("fix-one-function");
    let build =
        run(&mut kernel.build([patch.as_str(), "--report", page.as_str(), "--timings"])?)?
            .expect(0)?;
    let page = fs_err::read_to_string(&page)?;
    ensure!(page.contains("fix-one-function.patch on Linux 7.2.0-mini"), "{page}");
    ensure!(page.contains("<table class=\"code\">"), "no instruction\n{page}");
    for words in ["because of <a href=\"#h0\">fs/proc.c:", "reaches <a href=\"#f0\">"] {
        ensure!(page.contains(words), "{words}\n{page}");
    }
    links_lead_somewhere(&page)?;
    for phase in ["the original build", "the patched build", "the comparison"] {
        ensure!(build.stderr.contains(&format!(" for {phase}")), "{phase}\n{}", build.stderr);
    }
    Ok(())
}

#[test]
fn markdown_is_a_page_of_tables() -> Result<()> {
    let (_guard, [before, after]) = objects()?;
    let diff = ["diff", before.as_str(), after.as_str(), "--message-format", "markdown"];
    let text = run(&mut klp(diff)?)?.expect(4)?.stdout;
    ensure!(text.starts_with("## No livepatch module can be made of this\n"), "{text}");
    ensure!(text.contains("| changed | <code>number</code> |"), "{text}");
    let diff = ["diff", before.as_str(), "absent.o", "--message-format", "markdown"];
    let text = run(&mut klp(diff)?)?.expect(1)?.stdout;
    ensure!(text.starts_with("## cargo klp failed\n"), "{text}");
    Ok(())
}

#[test]
fn only_changes_are_printed_as_pages() -> Result<()> {
    let (_guard, [before, _]) = objects()?;
    for format in ["sarif", "markdown"] {
        let checksum = ["checksum", before.as_str(), "--message-format", format];
        run(&mut klp(checksum)?)?.expect_error(2, "is for what changed", None)?;
    }
    Ok(())
}
