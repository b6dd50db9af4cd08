// Of two functions that overlap, the inner one begins an instruction later.
//#any-of: changed outer | changed inner
	.text
	.globl outer, inner
	.type outer, @function
outer:	movl $1, %ecx
#ifndef PATCHED
	.type inner, @function
inner:
#endif
	movl $2, %edx
#ifdef PATCHED
	.type inner, @function
inner:
#endif
	movl $7, %eax
	ret
	.size inner, . - inner
	.size outer, . - outer
	.section .note.GNU-stack, "", @progbits
