// A common symbol is larger.
//#data: buffer read-by=f
#ifdef PATCHED
#define SIZE 64
#else
#define SIZE 8
#endif
	.text
	.globl f
	.type f, @function
f:	lea buffer(%rip), %rdi
	jmp use
	.size f, . - f
	.comm buffer, SIZE, 8
	.section .note.GNU-stack, "", @progbits
