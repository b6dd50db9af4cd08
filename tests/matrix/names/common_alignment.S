// A common symbol has less alignment.
//#data: buffer causes=alignment
#ifdef PATCHED
#define ALIGNED 8
#else
#define ALIGNED 4096
#endif
	.text
	.globl f
	.type f, @function
f:	lea buffer(%rip), %rdi
	jmp use
	.size f, . - f
	.comm buffer, 4096, ALIGNED
	.section .note.GNU-stack, "", @progbits
