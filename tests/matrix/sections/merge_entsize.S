// The linker may merge constants of 16 bytes, not of 32: it would take the two halves of this one for the same.
//#any-of: changed f | data K | data .rodata.cst
#ifdef PATCHED
#define SIZE 32
#else
#define SIZE 16
#endif
	.text
	.globl f
	.type f, @function
f:	vmovdqu K(%rip), %ymm0
	ret
	.size f, . - f
	.section .rodata.cst, "aM", @progbits, SIZE
	.balign 16
K:	.quad 1, 2, 1, 2
	.section .note.GNU-stack, "", @progbits
