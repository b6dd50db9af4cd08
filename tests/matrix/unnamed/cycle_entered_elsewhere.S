// A function enters a ring of constants, all but one of which are alike, one step later.
//#changed: f *
	.text
	.globl f
	.type f, @function
#ifdef PATCHED
f:	lea .Ln1(%rip), %rdi
#else
f:	lea .Ln0(%rip), %rdi
#endif
	jmp use
	.size f, . - f
	.section .data.rel.ro, "aw"
	.balign 8
.Ln0:
	.quad .Ln1, 1
.Ln1:
	.quad .Ln2, 1
.Ln2:
	.quad .Ln3, 1
.Ln3:
	.quad .Ln4, 1
.Ln4:
	.quad .Ln5, 1
.Ln5:
	.quad .Ln6, 1
.Ln6:
	.quad .Ln7, 1
.Ln7:
	.quad .Ln8, 1
.Ln8:
	.quad .Ln9, 1
.Ln9:
	.quad .Ln0, 7
	.section .note.GNU-stack, "", @progbits
