// A warning at the end of a function: control goes on behind it, in another function.
//#changed: f fall-through,*
	.macro REST
	.type h, @function
h:	add $3, %eax
	ret
	.size h, . - h
	.endm
	.text
	.globl f, g, h
	.type f, @function
f:	mov $1, %eax
1:	ud2
	.pushsection __bug_table, "aw"
	.long 1b - .
	.long 0
	.word 5, 1
	.popsection
	.size f, . - f
#ifdef PATCHED
	REST
#endif
	.type g, @function
g:	add $2, %eax
	ret
	.size g, . - g
#ifndef PATCHED
	REST
#endif
	.section .note.GNU-stack, "", @progbits
