// The two functions of which one runs on into the other move together, with other padding between.
//#unchanged
	.macro REST
	.type h, @function
h:	add $3, %eax
	ret
	.size h, . - h
	.endm
	.text
	.globl f, g, h
#ifdef PATCHED
	REST
#endif
	.type f, @function
f:	mov $1, %eax
	.size f, . - f
#ifdef PATCHED
	nop
#endif
	.type g, @function
g:	add $2, %eax
	ret
	.size g, . - g
#ifndef PATCHED
	REST
#endif
	.section .note.GNU-stack, "", @progbits
