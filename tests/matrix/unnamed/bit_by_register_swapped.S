// A bit map without a symbol is the one that another function uses; the first words of both are alike.
//#changed: f *
//#may: changed g
#ifdef PATCHED
#define USED .Lb
#else
#define USED .La
#endif
	.text
	.globl f, g
	.type f, @function
f:	bt %rdi, USED(%rip)
	setc %al
	ret
	.size f, . - f
	.type g, @function
g:	bt %rdi, .La(%rip)
	bt %rsi, .Lb(%rip)
	setc %al
	ret
	.size g, . - g
	.section .rodata
	.balign 8
.La:	.quad 1, 2
.Lb:	.quad 1, 3
	.section .note.GNU-stack, "", @progbits
