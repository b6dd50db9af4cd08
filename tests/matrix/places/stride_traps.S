// The same with traps between the pieces.
//#changed: entries *
#ifdef PATCHED
#define STRIDE 16
#else
#define STRIDE 8
#endif
	.text
	.balign 16
	.globl entries
	.type entries, @function
entries:
	.rept 4
	push $5
	jmp common
	.balign STRIDE, 0xcc
	.endr
	.size entries, . - entries
	.globl common
	.type common, @function
common:	pop %rax
	ret
	.size common, . - common
	.section .note.GNU-stack, "", @progbits
