//! Addresses in a section of several variables, as the second opinion reads them.

use anyhow::Result;
use klp_core::attest::Fault;
use klp_tests::attested::Case;

use crate::attest::expect;

/// Variables stand in the order of the source.
const MOSTLY: &str = "#define MOSTLY static __attribute__((section(\".data..read_mostly\"), used, no_reorder))\n\
     void exported(const char *text);\n";

/// `get` gets another body, and `after` is what the variables `before` become.
fn case(before: &str, after: &str, body: &str, module: &str) -> Case {
    let file =
        |variables: &str, body: &str| format!("{MOSTLY}{variables}\nint get(int n) {{ {body} }}\n");
    Case {
        before: file(before, "return n;"),
        after: file(after, body),
        module: file(module, body),
        links: vec![("one", ".klp.sym.vmlinux.one,0"), ("other", ".klp.sym.vmlinux.other,0")],
        functions: vec![("get", 0, "get")],
        said: (vec!["get"], vec![]),
        ..Case::default()
    }
}

/// As what an extraction copies that reads section plus offset as the variable that is there.
fn read_as(body: &str, module_body: &str, of: Case) -> Case {
    Case { module: of.module.replace(body, module_body), ..of }
}

#[test]
fn addresses_beside_a_new_variable() -> Result<()> {
    let old = "MOSTLY int one = 1; MOSTLY int other = 2;";
    let behind = "MOSTLY int one = 1; MOSTLY int other = 2; MOSTLY int fresh = 3;";
    let array = "MOSTLY int one[4] = { 1 }; MOSTLY int other[4] = { 2 };";
    let before =
        "MOSTLY int one[4] = { 1 }; MOSTLY int fresh[2] = { 3, 4 }; MOSTLY int other[4] = { 2 };";
    let own_array = "static int fresh[2] = { 3, 4 };";
    let kernel = "extern int one, other;";
    let own = "extern int one, other; static int fresh = 3;";
    // The end of `other` is the start of `fresh` in the patched object.
    let end = "exported((char *)(&other + 1)); return n;";
    let entered = "int *at; asm(\"lea %p1(%%rip), %0\" : \"=r\" (at) : \"i\" ((char *)other - 8)); return at[n];";
    let new = "exported((char *)&fresh); return n;";
    let both = "MOSTLY int first = 1; MOSTLY int second = 2;";
    let second = "exported((char *)&second); return first;";
    expect(
        "addresses_beside_a_new_variable",
        &[
            ("nothing is new", case(old, old, "exported((char *)&other); return n;", kernel), None),
            ("an end", case(old, old, "exported((char *)(&one + 1)); return n;", kernel), None),
            ("an index", case(array, array, entered, "extern int other[4];"), None),
            ("in place", case(old, behind, "return fresh++ + other++;", own), None),
            (
                "the end of a variable, taken for the new one",
                read_as("&other + 1", "&fresh", case(old, behind, end, own)),
                Some(Fault::Reference),
            ),
            (
                "a variable that is entered before its start, taken for the new one",
                read_as("(char *)other - 8", "fresh", case(array, before, entered, own_array)),
                Some(Fault::Reference),
            ),
            ("a new variable", case(old, behind, new, own), Some(Fault::Reference)),
            ("new variables only", case("", both, second, both), None),
        ],
    )
}
