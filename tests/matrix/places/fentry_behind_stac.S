// The place for ftrace in front of a NOP that becomes STAC, or behind it.
//#changed: put *
#include "sites.inc"
	.macro TRACED
.Ltraced\@:
	.byte 0x0f, 0x1f, 0x44, 0, 0
	.pushsection __mcount_loc, "aw"
	.quad .Ltraced\@
	.popsection
	.endm
	.text
	.globl put
	.type put, @function
put:
#ifdef PATCHED
	PATCHED_IN 0x134, stac
	TRACED
#else
	TRACED
	PATCHED_IN 0x134, stac
#endif
	mov %esi, (%rdi)
	ret
	.size put, . - put
	.section .note.GNU-stack, "", @progbits
