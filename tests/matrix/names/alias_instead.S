// A function gives up its name to another one: who uses it by the name is the same.
//#changed: mc instruction
	.text
	.globl __mc, mc, f, g, t
	.type __mc, @function
__mc:	mov %edi, %eax
	add $3, %eax
	ret
	.size __mc, . - __mc
	.type mc, @function
#ifdef PATCHED
	.set mc, __mc
	.size mc, 6
#else
mc:	mov %edi, %eax
	add $4, %eax
	ret
	.size mc, . - mc
#endif
	.type f, @function
f:	call mc
	ret
	.size f, . - f
	.type g, @function
g:	call __mc
	ret
	.size g, . - g
	.data
	.balign 8
	.type t, @object
t:	.quad mc
	.size t, 8
	.section .note.GNU-stack, "", @progbits
