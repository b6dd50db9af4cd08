//! Changes in assembly that must be found.

use crate::compile::{assemble, expect_assembly, findings};

#[test]
fn branch_after_verw() {
    let original = r#".macro ALT_CLAC
661:	.byte 0x0f,0x1f,0x00
662:
.pushsection .altinstructions,"a"
	.long 661b - ., 663f - .
	.short 0x134, 0
	.byte 3, 3
.popsection
.pushsection .altinstr_replacement,"ax"
663:	clac
.popsection
.endm
	.text
	.globl get_user_8
	.type get_user_8,@function
get_user_8:
	mov %gs:current_limit, %rdx
	cmp %rdx, %rax
	jae .Lbad_clac
1:	mov (%rax), %rdx
	ALT_CLAC
	xor %eax, %eax
	ret
.Lbad_clac:
	ALT_CLAC
.Lbad:
	xor %edx, %edx
	mov $-14, %rax
	ret
	.size get_user_8, .-get_user_8
	.pushsection __ex_table,"a"
	.balign 4
	.long 1b - ., .Lbad_clac - ., 3
	.popsection
"#;
    let patched = r#".macro ALT_CLAC
661:	.byte 0x0f,0x1f,0x00
662:
.pushsection .altinstructions,"a"
	.long 661b - ., 663f - .
	.short 0x134, 0
	.byte 3, 3
.popsection
.pushsection .altinstr_replacement,"ax"
663:	clac
.popsection
.endm
	.text
	.globl get_user_8
	.type get_user_8,@function
get_user_8:
	mov %gs:current_limit, %rdx
	cmp %rdx, %rax
	jae .Lbad
1:	mov (%rax), %rdx
	ALT_CLAC
	xor %eax, %eax
	ret
.Lbad_clac:
	ALT_CLAC
.Lbad:
	xor %edx, %edx
	mov $-14, %rax
	ret
	.size get_user_8, .-get_user_8
	.pushsection __ex_table,"a"
	.balign 4
	.long 1b - ., .Lbad_clac - ., 3
	.popsection
"#;
    expect_assembly(original, patched, &["get_user_8 Target"]);
}

#[test]
fn alternatives_overlap_order() {
    let original = r#"	.text
	.globl f
	.type f,@function
f:
661:	mov $1, %eax
1:	add $2, %ecx
662:
	ret
	.size f,.-f
	.pushsection .altinstructions,"a"
	.long 661b - ., 663f - .
	.short 0x134, 0
	.byte 8, 8
	.long 1b - ., 664f - .
	.short 0x135, 0
	.byte 3, 3

	.popsection
	.pushsection .altinstr_replacement,"ax"
663:	mov $2, %eax
	add $2, %ecx
664:	add $4, %ecx
	.popsection
"#;
    let patched = r#"	.text
	.globl f
	.type f,@function
f:
661:	mov $1, %eax
1:	add $2, %ecx
662:
	ret
	.size f,.-f
	.pushsection .altinstructions,"a"
	.long 1b - ., 664f - .
	.short 0x135, 0
	.byte 3, 3
	.long 661b - ., 663f - .
	.short 0x134, 0
	.byte 8, 8

	.popsection
	.pushsection .altinstr_replacement,"ax"
663:	mov $2, %eax
	add $2, %ecx
664:	add $4, %ecx
	.popsection
"#;
    expect_assembly(original, patched, &["f Entry(\".altinstructions\")"]);
}

#[test]
fn fallthrough_order() {
    let original = r"	.text
	.globl f, g, h
	.type f,@function
f:	mov $1, %eax
	.size f,.-f
	.type g,@function
g:	add $2, %eax
	ret
	.size g,.-g
	.type h,@function
h:	add $3, %eax
	ret
	.size h,.-h
";
    let patched = r"	.text
	.globl f, g, h
	.type f,@function
f:	mov $1, %eax
	.size f,.-f
	.type h,@function
h:	add $3, %eax
	ret
	.size h,.-h
	.type g,@function
g:	add $2, %eax
	ret
	.size g,.-g
";
    expect_assembly(original, patched, &["f FallThrough"]);
}

#[test]
fn jmp_relaxed_at_patch_site() {
    let original = r"	.text
	.globl f, graph_call
	.type f,@function
f:	nop
graph_call:
	jmp.d32 .Lstub
	mov $1, %eax
.Lstub:
	ret
	.size f,.-f
";
    let patched = r"	.text
	.globl f, graph_call
	.type f,@function
f:	nop
graph_call:
	jmp .Lstub
	mov $1, %eax
.Lstub:
	ret
	.size f,.-f
";
    expect_assembly(original, patched, &["f Instruction"]);
}

#[test]
fn nop_in_table() {
    let original = r"	.text
	.globl f
	.type f,@function
f:	lea .Ltab(%rip), %rax
	movzbl (%rax,%rdi), %eax
	ret
.Ltab:	.byte 0x90, 0xc3, 0xc3, 0x90
	.size f,.-f
";
    let patched = r"	.text
	.globl f
	.type f,@function
f:	lea .Ltab(%rip), %rax
	movzbl (%rax,%rdi), %eax
	ret
.Ltab:	.byte 0xc3, 0x90, 0x90, 0xc3
	.size f,.-f
";
    expect_assembly(original, patched, &["f Instruction"]);
}

#[test]
fn merge_entsize() {
    let original = r#"	.text
	.globl f
	.type f,@function
f:	vmovdqu K(%rip), %ymm0
	ret
	.size f,.-f
	.section .rodata.cst,"aM",@progbits,16
	.balign 16
K:	.quad 1, 2, 1, 2
"#;
    let patched = r#"	.text
	.globl f
	.type f,@function
f:	vmovdqu K(%rip), %ymm0
	ret
	.size f,.-f
	.section .rodata.cst,"aM",@progbits,32
	.balign 16
K:	.quad 1, 2, 1, 2
"#;
    expect_assembly(original, patched, &["f Section"]);
}

#[test]
fn objects_without_size() {
    let original = r"	.text
	.globl f
	.type f,@function
f:	mov tab_a(,%rdi,8), %rax
	ret
	.size f,.-f
	.globl g
	.type g,@function
g:	mov tab_a(,%rdi,8), %rax
	mov tab_b(,%rdi,8), %rdx
	ret
	.size g,.-g
	.section .rodata
	.balign 8
	.type tab_a,@object
tab_a:	.quad 1, 2
	.type tab_b,@object
tab_b:	.quad 3, 4
";
    let patched = r"	.text
	.globl f
	.type f,@function
f:	mov tab_b(,%rdi,8), %rax
	ret
	.size f,.-f
	.globl g
	.type g,@function
g:	mov tab_a(,%rdi,8), %rax
	mov tab_b(,%rdi,8), %rdx
	ret
	.size g,.-g
	.section .rodata
	.balign 8
	.type tab_a,@object
tab_a:	.quad 1, 2
	.type tab_b,@object
tab_b:	.quad 3, 4
";
    expect_assembly(original, patched, &["f Target"]);
}

#[test]
fn promoted_exchanged() {
    let original = r#"	.text
	.globl f, "foo.llvm.1", "foo.llvm.2"
	.type f,@function
f:
	call "foo.llvm.1"
	call "foo.llvm.2"
	call "foo.llvm.1"
	ret
	.size f,.-f
	.type "foo.llvm.1",@function
"foo.llvm.1": mov $1,%eax
	ret
	.size "foo.llvm.1",.-"foo.llvm.1"
	.type "foo.llvm.2",@function
"foo.llvm.2": mov $2,%eax
	ret
	.size "foo.llvm.2",.-"foo.llvm.2"
"#;
    let patched = r#"	.text
	.globl f, "foo.llvm.1", "foo.llvm.2"
	.type f,@function
f:
	call "foo.llvm.1"
	call "foo.llvm.2"
	call "foo.llvm.2"
	ret
	.size f,.-f
	.type "foo.llvm.1",@function
"foo.llvm.1": mov $1,%eax
	ret
	.size "foo.llvm.1",.-"foo.llvm.1"
	.type "foo.llvm.2",@function
"foo.llvm.2": mov $2,%eax
	ret
	.size "foo.llvm.2",.-"foo.llvm.2"
"#;
    expect_assembly(original, patched, &["f Target"]);
}

#[test]
fn unnamed_variable_shared() {
    let original = r"	.text
	.globl f, g, h
	.type f,@function
f:	lea .La(%rip), %rdi
	jmp use
	.size f,.-f
	.type g,@function
g:	lea .Lb(%rip), %rdi
	jmp use
	.size g,.-g
	.type h,@function
h:	lea .Lb(%rip), %rdi
	jmp use2
	.size h,.-h
	.data
.La:	.quad 1, 2
.Lb:	.quad 1, 2
";
    let patched = r"	.text
	.globl f, g, h
	.type f,@function
f:	lea .La(%rip), %rdi
	jmp use
	.size f,.-f
	.type g,@function
g:	lea .La(%rip), %rdi
	jmp use
	.size g,.-g
	.type h,@function
h:	lea .Lb(%rip), %rdi
	jmp use2
	.size h,.-h
	.data
.La:	.quad 1, 2
.Lb:	.quad 1, 2
";
    expect_assembly(original, patched, &["g Target"]);
}

#[test]
fn undefined_names_with_numbers_map_one_to_one() {
    let source = |last: &str| {
        format!(
            ".globl f\n.type f,@function\nf: call \"a.llvm.1\"\n call \"a.llvm.2\"\n\
             call \"a.llvm.{last}\"\n ret\n.size f,.-f\n"
        )
    };
    assert_eq!(findings(&assemble(&source("1")), &assemble(&source("2"))), ["f Target"]);
}

#[test]
fn inner_label_that_moves() {
    let source = |first: &str, second: &str| {
        format!(
            ".globl f\n.type f,@function\nf: mov %edi,%eax\n{first} add $5,%eax\n\
             {second} cmp $9,%eax\n ret\n.size f,.-f\n"
        )
    };
    let (one, other) = (source("inner:", ""), source("", "inner:"));
    assert_eq!(findings(&assemble(&one), &assemble(&other)), ["f Symbol"]);
}
