// A function stands in memory that can be written: the kernel refuses to load a module with such code.
//#changed: q section
#ifdef PATCHED
#define CODE "awx"
#else
#define CODE "ax"
#endif
	.section .text.q, CODE, @progbits
	.globl q
	.type q, @function
q:	mov $1, %eax
	ret
	.size q, . - q
	.section .note.GNU-stack, "", @progbits
