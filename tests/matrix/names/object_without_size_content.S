// What an object without a size holds is another thing.
//#any-of: changed f | data tab_a | data .rodata
#ifdef PATCHED
#define LAST 3
#else
#define LAST 2
#endif
	.text
	.globl f
	.type f, @function
f:	mov tab_a(, %rdi, 8), %rax
	ret
	.size f, . - f
	.section .rodata
	.balign 8
	.type tab_a, @object
tab_a:	.quad 1, LAST
	.section .note.GNU-stack, "", @progbits
