// Zeros behind an unnamed constant, for the alignment of the next one.
//#rule: padding
//#unchanged
	.section .rodata
	.balign 32
.LC0:	.string "five\0bytes"
#ifdef PATCHED
	.balign 32
#else
	.balign 8
#endif
.LC1:	.quad 1234
	.text
	.globl work
	.type work, @function
work:	movq $.LC0, %rdi
	movq $.LC1, %rsi
	jmp use
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
