// Of two variables without symbols that hold the same, g uses that of f instead of that of h.
//#changed: g *
//#may: changed f
//#may: changed h
#ifdef PATCHED
#define USED .La
#else
#define USED .Lb
#endif
	.text
	.globl f, g, h
	.type f, @function
f:	lea .La(%rip), %rdi
	jmp use
	.size f, . - f
	.type g, @function
g:	lea USED(%rip), %rdi
	jmp use
	.size g, . - g
	.type h, @function
h:	lea .Lb(%rip), %rdi
	jmp use2
	.size h, . - h
	.data
	.balign 8
.La:	.quad 1, 2
.Lb:	.quad 1, 2
	.section .note.GNU-stack, "", @progbits
