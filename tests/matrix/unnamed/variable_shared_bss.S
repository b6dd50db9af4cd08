// The same in memory that starts with zeros.
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
	.bss
	.balign 8
.La:	.zero 16
.Lb:	.zero 16
	.section .note.GNU-stack, "", @progbits
