// The same for code that assembly puts there.
//#changed: work section
	.macro PLACE
#ifdef PATCHED
	.section .head.text, "ax"
#else
	.section .text, "ax"
#endif
	.endm
	PLACE
	.globl work
	.type work, @function
work:	mov %edi, %eax
	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
