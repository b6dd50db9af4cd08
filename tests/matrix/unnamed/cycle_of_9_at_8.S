// A ring of 9 constants without symbols; the one after 8 steps holds another number.
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
	.quad .Ln4, 4
.Ln4:
	.quad .Ln5, 5
.Ln5:
	.quad .Ln6, 6
.Ln6:
	.quad .Ln7, 7
.Ln7:
	.quad .Ln8, 8
.Ln8:
#ifdef PATCHED
	.quad .Ln0, 99
#else
	.quad .Ln0, 9
#endif
	.section .note.GNU-stack, "", @progbits
