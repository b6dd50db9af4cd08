// A name for a number stands for another one.
//#any-of: changed f | data limit
#ifdef PATCHED
#define VALUE 200
#else
#define VALUE 100
#endif
	.globl limit
	.set limit, VALUE
	.text
	.globl f
	.type f, @function
f:	mov $limit, %rax
	cmp %rdi, %rax
	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
