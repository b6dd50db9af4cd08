// A variable stands in a section that may be executed.
//#any-of: data state | refused state
//#may: data-removed state
#ifdef PATCHED
#define FLAGS "awx"
#else
#define FLAGS "aw"
#endif
	.section .own, FLAGS, @progbits
	.balign 8
	.globl state
	.type state, @object
state:	.quad 5
	.size state, 8
	.section .note.GNU-stack, "", @progbits
