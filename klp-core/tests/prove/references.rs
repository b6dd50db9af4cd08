//! References in code of the same bytes: most are seen to be the same by their symbols, and these must not be.

use crate::compile::expect_assembly;

/// Code of the same bytes behind `between`, in which `instruction` refers to something.
fn code(between: &str, instruction: &str, behind: &str) -> String {
    format!(
        "\t.text\n\
         \t.globl other, own, table, third\n\
         \t.type other,@function\n\
         other:\tret\n\
         \t.size other, .-other\n\
         \t{between}\n\
         \t.type own,@function\n\
         own:\t{instruction}\n\
         \tadd $1, %eax\n\
         \tadd $2, %eax\n\
         \tadd $3, %eax\n\
         \tret\n\
         \t.size own, .-own\n\
         \t{behind}\n\
         \t.data\n\
         \t.type table,@object\n\
         table:\t.quad 1\n\
         \t.size table, 8\n\
         \t.type third,@object\n\
         third:\t.quad 1\n\
         \t.size third, 8\n"
    )
}

#[test]
fn as_far_from_another_function_is_another_instruction_of_this_one() {
    let refer = "lea other+14(%rip), %rax";
    let (near, far) = (code("nop; nop; nop", refer, ""), code(".skip 6, 0x90", refer, ""));
    expect_assembly(&near, &near, &[]);
    expect_assembly(&near, &far, &["own Target"]);
}

#[test]
fn a_distance_without_a_relocation_beside_a_field_that_has_one() {
    // cmpl $table, 0x20(%rip): four bytes behind the start of what stands 18 bytes behind this function.
    let refer = ".byte 0x81, 0x3d, 0x20, 0, 0, 0; .long table";
    let function = |name: &str, byte: &str| {
        format!(
            "\t.type {name},@function\n{name}: .fill 16, 1, {byte}\n ret\n\t.size {name}, .-{name}\n"
        )
    };
    let (alpha, omega) = (function("alpha", "0xf8"), function("omega", "0xf9"));
    let forth = code("", refer, &format!(".skip 18, 0x90\n{alpha}{omega}"));
    let back = code("", refer, &format!(".skip 18, 0x90\n{omega}{alpha}"));
    expect_assembly(&forth, &forth, &[]);
    expect_assembly(&forth, &back, &["own Target"]);
}

#[test]
fn another_name_or_another_place_of_it() {
    let refer = |what: &str| code("", &format!("mov {what}(%rip), %rax"), "");
    let table = refer("table");
    expect_assembly(&table, &refer("third"), &["own Target"]);
    expect_assembly(&table, &refer("table+4"), &["own Target"]);
    expect_assembly(&table, &refer("absent"), &["own Target"]);
    expect_assembly(&refer("absent"), &refer("absent+4"), &["own Target"]);
    expect_assembly(&refer("absent"), &refer("gone"), &["own Target"]);
}

#[test]
fn another_kind_of_field() {
    let refer =
        |kind: &str| code("", &format!("1: mov $0, %eax; .reloc 1b + 1, {kind}, table"), "");
    expect_assembly(&refer("R_X86_64_32"), &refer("R_X86_64_32S"), &["own Instruction"]);
}

/// Of two variables without names, one function now uses the other, and they have changed places: the variable that
/// stands where the other one was is not kept for it.
#[test]
fn another_variable_that_stands_where_the_first_one_was() {
    let two = |used: &str, variables: &str| {
        format!(
            "\t.text\n\t.globl count, report\n\
             \t.type count,@function\ncount:\tincq {used}(%rip)\n\tret\n\t.size count, .-count\n\
             \t.type report,@function\nreport:\tmov .Lcalls(%rip), %rax\n\tadd .Lfailures(%rip), %rax\n\tret\n\
             \t.size report, .-report\n\t.data\n\t.balign 8\n{variables}"
        )
    };
    let original = two(".Lcalls", ".Lcalls: .quad 1\n.Lfailures: .quad 1\n");
    let patched = two(".Lfailures", ".Lfailures: .quad 1\n.Lcalls: .quad 1\n");
    expect_assembly(&original, &original, &[]);
    expect_assembly(&original, &patched, &["count Target", "report Target"]);
}

#[test]
fn alignment_and_size_of_a_tentative_definition() {
    let common = |size: u32, align: u32| format!("\t.comm buffer, {size}, {align}\n");
    expect_assembly(&common(64, 8), &common(64, 64), &[" Alignment"]);
    expect_assembly(&common(64, 8), &common(72, 8), &[" Size"]);
}
