// A table among the code holds the address of a place in itself.
//#changed: tt *
	.text
	.globl f
	.type f, @function
f:	mov tt(%rip), %rax
	ret
	.size f, . - f
	.section .text.tt, "ax"
	.globl tt
	.type tt, @object
tt:
.Lt:
#ifdef PATCHED
	.quad .Lt + 16, 1, 2
#else
	.quad .Lt + 8, 1, 2
#endif
	.size tt, . - tt
	.section .note.GNU-stack, "", @progbits
