// An array of small pieces of code, one of which is picked by its number: each is larger.
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
	.balign STRIDE, 0x90
	.endr
	.size entries, . - entries
	.globl common
	.type common, @function
common:	pop %rax
	ret
	.size common, . - common
	.section .note.GNU-stack, "", @progbits
