// With LTO, an initcall has a section of its own, whose name has a counter and a line.
//#unchanged
	.macro INITCALL id, name, value
	.text
	.globl \name
	.type \name, @function
\name:	mov $\value, %eax
	ret
	.size \name, . - \name
	.section .initcall2.init..kmod_x__\id\()_\name, "a", @progbits
	.long \name - .
	.endm
#ifdef PATCHED
	INITCALL 501_3573, a, 1
	INITCALL 502_3574, b, 2
#else
	INITCALL 502_3572, a, 1
	INITCALL 503_3573, b, 2
#endif
	.section .note.GNU-stack, "", @progbits
