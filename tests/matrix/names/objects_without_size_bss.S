// The same in memory that starts with zeros, given to another function.
//#changed: f *
#ifdef PATCHED
#define USED buffer_b
#else
#define USED buffer_a
#endif
	.text
	.globl f, g
	.type f, @function
f:	lea USED(%rip), %rdi
	jmp use
	.size f, . - f
	.type g, @function
g:	lea buffer_a(%rip), %rdi
	lea buffer_b(%rip), %rsi
	jmp use
	.size g, . - g
	.bss
	.balign 8
	.type buffer_a, @object
buffer_a:
	.zero 64
	.type buffer_b, @object
buffer_b:
	.zero 64
	.section .note.GNU-stack, "", @progbits
