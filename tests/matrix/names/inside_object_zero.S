// The same of memory that is zero, where the name has no type and no size.
//#data: tb
//#may: data mid
	.text
	.globl f
	.type f, @function
f:	mov mid(%rip), %rax
	ret
	.size f, . - f
	.bss
	.balign 8
	.globl tb, mid
	.type tb, @object
tb:	.skip 32
	.size tb, 32
#ifdef PATCHED
	.set mid, tb + 16
#else
	.set mid, tb + 8
#endif
	.section .note.GNU-stack, "", @progbits
