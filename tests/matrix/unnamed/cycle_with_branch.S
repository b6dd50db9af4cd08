// A ring with a second way through it; a constant on that way holds another number.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	lea .Ln0(%rip), %rdi
	jmp use
	.size f, . - f
	.section .data.rel.ro, "aw"
	.balign 8
.Ln0:
	.quad .Ln1, 1
.Ln1:
	.quad .Ln2, 2
.Ln2:
	.quad .Ln3, 3
.Ln3:
	.quad .Ln4, .Ls0, 4
.Ln4:
	.quad .Ln5, 5
.Ln5:
	.quad .Ln6, 6
.Ln6:
	.quad .Ln0, 7
.Ls0:
	.quad .Ls1, 21
.Ls1:
	.quad .Ls2, 22
.Ls2:
#ifdef PATCHED
	.quad .Ls3, 99
#else
	.quad .Ls3, 23
#endif
.Ls3:
	.quad .Ln1, 24
	.section .note.GNU-stack, "", @progbits
