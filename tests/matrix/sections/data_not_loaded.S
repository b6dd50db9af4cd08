// What is not loaded is not in the memory of the kernel.
//#unchanged
//#rule: not-loaded
#ifdef PATCHED
#define VALUE 6
#else
#define VALUE 5
#endif
	.section .own, "", @progbits
	.globl value
	.type value, @object
value:	.quad VALUE
	.size value, 8
	.text
	.globl f
	.type f, @function
f:	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
