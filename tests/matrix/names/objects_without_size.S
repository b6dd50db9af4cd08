// Of two local objects without a size, the one or the other.
//#changed: f *
#ifdef PATCHED
#define USED tab_b
#else
#define USED tab_a
#endif
	.text
	.globl f, g
	.type f, @function
f:	mov USED(, %rdi, 8), %rax
	ret
	.size f, . - f
	.type g, @function
g:	mov tab_a(, %rdi, 8), %rax
	mov tab_b(, %rdi, 8), %rdx
	ret
	.size g, . - g
	.section .rodata
	.balign 8
	.type tab_a, @object
tab_a:	.quad 1, 2
	.type tab_b, @object
tab_b:	.quad 3, 4
	.section .note.GNU-stack, "", @progbits
