// Of two instructions with a LOCK prefix, the other one is listed.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:
1:	lock incl (%rdi)
2:	lock incl (%rsi)
	ret
	.size f, . - f
	.section .smp_locks, "a"
	.balign 4
#ifdef PATCHED
	.long 2b - .
#else
	.long 1b - .
#endif
	.section .note.GNU-stack, "", @progbits
