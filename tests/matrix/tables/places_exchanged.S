// Two places of one function trade places in a table without a reader here: it can be read by number elsewhere.
//#changed: f *
//#data-added: own_table
	.text
	.globl f
	.type f, @function
f:
	mov $1, %eax
1:	mov $2, %edx
2:	mov $3, %ecx
	ret
	.size f, . - f
	.section own_table, "a"
#ifdef PATCHED
	.quad 2b
	.quad 1b
#else
	.quad 1b
	.quad 2b
#endif
	.section .note.GNU-stack, "", @progbits
