// A variable is inserted in front of others, which now stand at places that happen to be less round.
//#data-added: fresh
	.data
	.balign 64
	.globl table, fresh, state, pointer
	.type table, @object
table:	.zero 60
	.long 1
	.size table, 64
#ifdef PATCHED
	.type fresh, @object
fresh:	.long 5
	.size fresh, 4
#endif
	.type state, @object
state:	.long 7
	.size state, 4
	.balign 8
	.type pointer, @object
pointer:
	.quad table
	.size pointer, 8
	.section .note.GNU-stack, "", @progbits
