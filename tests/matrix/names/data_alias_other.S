// A name stands for another of two variables that hold the same.
//#any-of: changed f | data ticks
#ifdef PATCHED
#define MEANT high
#else
#define MEANT low
#endif
	.text
	.globl f, low, high, ticks
	.type f, @function
f:	movl ticks(%rip), %eax
	movl %edi, low(%rip)
	movl %esi, high(%rip)
	ret
	.size f, . - f
	.data
	.balign 4
	.type low, @object
low:	.long 5
	.size low, 4
	.type high, @object
high:	.long 5
	.size high, 4
	.type ticks, @object
	.set ticks, MEANT
	.size ticks, 4
	.section .note.GNU-stack, "", @progbits
