// Code in a section that is named like an unwind table calls another function.
//#changed: work relocation
#ifdef PATCHED
#define CALLEE second
#else
#define CALLEE first
#endif
	.section .orc_unwind, "ax", @progbits
	.globl work
	.type work, @function
work:	call CALLEE
	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
