// The same where only others use it.
//#data: limit
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
f:	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
