// A table is no longer part of the memory of the kernel.
//#any-of: data table | data-removed table
#ifdef PATCHED
#define FLAGS ""
#else
#define FLAGS "a"
#endif
	.section .own, FLAGS, @progbits
	.balign 8
	.globl table
	.type table, @object
table:	.quad 5
	.size table, 8
	.section .note.GNU-stack, "", @progbits
