// A new function stands between one and that into which it ran.
//#changed: f fall-through,*
//#added: k
	.text
	.globl f, g, k
	.type f, @function
f:	mov $1, %eax
	.size f, . - f
#ifdef PATCHED
	.type k, @function
k:	add $3, %eax
	ret
	.size k, . - k
#endif
	.type g, @function
g:	add $2, %eax
	ret
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
