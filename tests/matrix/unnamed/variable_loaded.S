// The same with loads and stores of known size: g reads what f writes, or what h writes.
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
f:	mov %rdi, .La(%rip)
	ret
	.size f, . - f
	.type g, @function
g:	mov USED(%rip), %rax
	ret
	.size g, . - g
	.type h, @function
h:	incq .Lb(%rip)
	ret
	.size h, . - h
	.data
	.balign 8
.La:	.quad 1
.Lb:	.quad 1
	.section .note.GNU-stack, "", @progbits
