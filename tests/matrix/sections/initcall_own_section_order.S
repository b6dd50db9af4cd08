// Two initcalls with sections of their own run in the other order.
//#one-way
//#note: .initcall2.init..kmod_x__502_3574_a order
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
	INITCALL 501_3573, b, 2
	INITCALL 502_3574, a, 1
#else
	INITCALL 501_3573, a, 1
	INITCALL 502_3574, b, 2
#endif
	.section .note.GNU-stack, "", @progbits
