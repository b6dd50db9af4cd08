// The LOCK prefix of another function is listed.
//#changed: f *
//#changed: g *
	.text
	.globl f, g
	.type f, @function
f:
1:	lock incl (%rdi)
	ret
	.size f, . - f
	.type g, @function
g:
2:	lock decl (%rdi)
	ret
	.size g, . - g
	.section .smp_locks, "a"
	.balign 4
#ifdef PATCHED
	.long 2b - .
#else
	.long 1b - .
#endif
	.section .note.GNU-stack, "", @progbits
