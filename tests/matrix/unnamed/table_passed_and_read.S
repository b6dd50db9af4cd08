// A table without a symbol is given away as a whole by one function; another reads the second member of its entries.
//#changed: give *
//#may: changed get
#ifdef PATCHED
#define NUMBER 33
#else
#define NUMBER 3
#endif
	.text
	.globl give, get
	.type give, @function
give:	mov $.Ltable, %rdi
	jmp use
	.size give, . - give
	.type get, @function
get:	shl $4, %rdi
	mov .Ltable+8(%rdi), %rax
	ret
	.size get, . - get
	.section .rodata
	.balign 8
.Ltable:
	.quad 1, 2, NUMBER, 4, 5, 6
	.section .note.GNU-stack, "", @progbits
