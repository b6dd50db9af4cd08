// An interrupt that is called comes back, and another function follows.
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
	int $0x80
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
