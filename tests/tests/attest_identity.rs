//! What the second opinion says of variables and functions that a module has beside the kernel's own.

use anyhow::Result;
use klp_core::attest::Fault;
use klp_tests::attested::Case;

use crate::attest::{KERNEL, case, expect, right};

#[test]
fn identity() -> Result<()> {
    let mut copied = right();
    copied.module = copied.module.replace("extern int count;", "static int count;");
    copied.links.retain(|(name, _)| *name != "count");
    // What a macro names so is one of a function, and in a section of once flags.
    let warned = |text: &String| text.replace("count", "__warned");
    let mut with_name_of_macro = copied.clone();
    with_name_of_macro.before = warned(&copied.before);
    with_name_of_macro.after = warned(&copied.after);
    with_name_of_macro.module = warned(&copied.module);
    let mut neighbour = right();
    neighbour.links = vec![
        ("count", ".klp.sym.vmlinux.table,0"),
        ("table", ".klp.sym.vmlinux.count,0"),
        ("helper", ".klp.sym.vmlinux.helper,0"),
    ];
    let mut renamed = right();
    renamed.after = renamed.after.replace("count", "number");
    renamed.module =
        renamed.module.replace("extern int count;", "static int count;").replace("count", "number");
    renamed.links.retain(|(name, _)| *name != "count");
    let forced = Case { forced: vec!["number"], ..renamed.clone() };
    let strong = "int show(int n) { exported(\"strong\"); return n + 7; }";
    let mut gives_way = right();
    gives_way.after = gives_way.after.replace("int show", "__attribute__((weak)) int show");
    gives_way.other = Some((String::new(), format!("void exported(const char *);{strong}")));
    gives_way.module = format!("{KERNEL}{strong}");
    gives_way.links.clear();
    let mut stays = gives_way.clone();
    stays.module = right().module;
    stays.links = right().links;
    // What is freed after the start is left out where the person says so.
    let setup = |number: u32| {
        format!("__attribute__((section(\".init.text\"))) int setup(void) {{ return {number}; }}\n")
    };
    let mut unasked = right();
    unasked.before += &setup(1);
    unasked.after += &setup(2);
    unasked.said.0.push("setup");
    let asked = Case { forced: vec!["setup"], ..unasked.clone() };
    let shared = "int shared = 3;";
    let show = "int show(int n) { shared += n; return shared; }";
    let moved = Case {
        other: Some((
            shared.to_owned() + "int b(void) { return shared; }",
            "extern int shared; int b(void) { return shared; }".to_owned(),
        )),
        module: format!("{shared}{show}"),
        ..case(shared, show)
    };
    let mut linked = moved.clone();
    linked.module = format!("extern {}{show}", "int shared;");
    linked.links = vec![("shared", ".klp.sym.vmlinux.shared,0")];
    expect(
        "identity",
        &[
            ("a copy of a variable", copied, Some(Fault::Identity)),
            ("the same, with a name that macros use", with_name_of_macro, Some(Fault::Identity)),
            ("a strong function in place of one that is weak now", gives_way, None),
            ("the weak one", stays, Some(Fault::Content)),
            ("a change of what was freed", unasked, Some(Fault::Missing)),
            ("the same, by force", asked, None),
            ("a neighbour", neighbour, Some(Fault::Reference)),
            ("a variable with another name", renamed, Some(Fault::Renamed)),
            ("a variable with another name, by force", forced, None),
            ("a global variable of another object", moved, Some(Fault::Identity)),
            ("the same, shared", linked, None),
        ],
    )
}

/// The kernel has the variable under the first name.
#[test]
fn a_second_name_of_a_variable() -> Result<()> {
    let user = |body: &str| format!("extern int second; int fetch(int n) {{ {body} }}\n");
    let before = "int shared = 3;\n".to_owned();
    let module = "int fetch(int n) { return shared + n; }";
    let known = Case {
        after: before.clone() + "extern int second __attribute__((alias(\"shared\")));\n",
        before,
        other: Some((user("return n;"), user("return second + n;"))),
        module: format!("extern int shared; {module}"),
        links: vec![("shared", ".klp.sym.vmlinux.shared,0")],
        functions: vec![("fetch", 0, "fetch")],
        ..Case::default()
    };
    let own = Case { module: format!("int shared = 3; {module}"), links: vec![], ..known.clone() };
    expect(
        "a_second_name_of_a_variable",
        &[("the kernel's", known, None), ("its own", own, Some(Fault::Identity))],
    )
}

#[test]
fn variables_without_a_name() -> Result<()> {
    const HANDLER: &str = "__ubsan_handle_shift_out_of_bounds";
    let with = |section: &str, callee: &'static str| {
        let define =
            format!("void {callee}(void *data) {{ asm volatile(\"\" : : \"r\" (data)); }}");
        let data = format!(
            "asm(\".pushsection {section}, \\\"aw\\\"\\n.Ldata: .quad 0, 5, 0\\n.popsection\");\n\
             extern char data[] asm(\".Ldata\");\nvoid {callee}(void *data);\n"
        );
        let show = format!("int show(int n) {{ {callee}(data); return n; }}");
        let mut case = case(&data, &show);
        case.other = Some((define.clone(), define));
        case.module = format!("{KERNEL}{data}{show}");
        case.links = match callee {
            HANDLER => vec![(HANDLER, ".klp.sym.vmlinux.__ubsan_handle_shift_out_of_bounds,0")],
            _ => vec![("keep", ".klp.sym.vmlinux.keep,0")],
        };
        case
    };
    let identity = Some(Fault::Identity);
    expect(
        "variables_without_a_name",
        &[
            ("a description of code by GCC", with(".data..Lubsan_data7", HANDLER), None),
            ("a description of code by LLVM", with(".data..L__unnamed_7", HANDLER), None),
            ("given to another function", with(".data..L__unnamed_7", "keep"), identity),
            ("in another section", with(".data.x", HANDLER), identity),
        ],
    )
}
