// A linker script can load what holds a function, whatever its section is.
//#data: f
#ifdef PATCHED
#define MORE 1
#else
#define MORE 0
#endif
	.section .own, "", @progbits
	.globl f
	.type f, @function
f:	.long 100 + MORE
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
