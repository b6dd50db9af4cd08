// The number of a bit is in a register: the instruction reads as far as that goes, not eight bytes.
//#changed: f *
#ifdef PATCHED
#define SECOND 3
#else
#define SECOND 2
#endif
	.text
	.globl f
	.type f, @function
f:	bt %rdi, .Lbits(%rip)
	setc %al
	ret
	.size f, . - f
	.section .rodata
	.balign 8
.Lbits:	.quad 1, SECOND
	.section .note.GNU-stack, "", @progbits
