// A name stands for the other half of a variable.
//#any-of: changed f | data ticks | data both
//#may: data-added ticks
//#may: data-added both
#ifdef PATCHED
#define OFFSET 4
#else
#define OFFSET 0
#endif
	.text
	.globl f, both, ticks
	.type f, @function
f:	movl ticks(%rip), %eax
	ret
	.size f, . - f
	.data
	.balign 8
	.type both, @object
both:	.long 5, 5
	.size both, 8
	.type ticks, @object
	.set ticks, both + OFFSET
	.size ticks, 4
	.section .note.GNU-stack, "", @progbits
