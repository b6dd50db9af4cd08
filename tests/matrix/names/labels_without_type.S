// The same with names that have no type either, of variables.
//#changed: f *
#ifdef PATCHED
#define USED var_b
#else
#define USED var_a
#endif
	.text
	.globl f, g
	.type f, @function
f:	mov %edi, USED(%rip)
	ret
	.size f, . - f
	.type g, @function
g:	mov var_a(%rip), %eax
	add var_b(%rip), %eax
	ret
	.size g, . - g
	.data
	.balign 8
var_a:	.long 1
var_b:	.long 1
	.section .note.GNU-stack, "", @progbits
