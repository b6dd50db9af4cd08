// Two variables without symbols change places, each still used by the same functions.
//#unchanged
	.text
	.globl f, g, h
	.type f, @function
f:	lea .La(%rip), %rdi
	jmp use
	.size f, . - f
	.type g, @function
g:	lea .Lb(%rip), %rdi
	jmp use
	.size g, . - g
	.type h, @function
h:	lea .Lb(%rip), %rdi
	jmp use2
	.size h, . - h
	.data
	.balign 8
#ifdef PATCHED
.Lb:	.quad 1, 2
.La:	.quad 1, 2
#else
.La:	.quad 1, 2
.Lb:	.quad 1, 2
#endif
	.section .note.GNU-stack, "", @progbits
