// A common symbol becomes a variable of the same size without bytes.
//#unchanged
	.globl buffer
#ifdef PATCHED
	.bss
	.balign 8
	.type buffer, @object
buffer:	.zero 64
	.size buffer, 64
#else
	.comm buffer, 64, 8
#endif
	.section .note.GNU-stack, "", @progbits
