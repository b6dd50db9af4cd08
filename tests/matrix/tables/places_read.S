// A table of places in code that a function reads has an order of its own, wherever it stands.
//#any-of: changed f | data own_table | note own_table order
//#may: changed f *
	.text
	.globl f
	.type f, @function
f:
	jmp *.Ltable(, %rdi, 8)
1:	mov $1, %eax
	ret
2:	mov $2, %eax
	ret
	.size f, . - f
	.section own_table, "a"
.Ltable:
#ifdef PATCHED
	.quad 2b
	.quad 1b
#else
	.quad 1b
	.quad 2b
#endif
	.section .note.GNU-stack, "", @progbits
