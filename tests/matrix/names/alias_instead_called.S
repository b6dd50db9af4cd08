// The same, and one of those who use the function by its name uses the other one by that one's name.
//#changed: mc instruction
//#changed: g relocation
//#data: u
	.text
	.globl __mc, mc, f, g, u
	.type __mc, @function
__mc:	mov %edi, %eax
	add $3, %eax
	ret
	.size __mc, . - __mc
	.type mc, @function
#ifdef PATCHED
	.set mc, __mc
	.size mc, 6
#define OTHER mc
#else
mc:	mov %edi, %eax
	add $4, %eax
	ret
	.size mc, . - mc
#define OTHER __mc
#endif
	.type f, @function
f:	call mc
	ret
	.size f, . - f
	.type g, @function
g:	call OTHER
	ret
	.size g, . - g
	.data
	.balign 8
	.type u, @object
u:	.quad OTHER
	.size u, 8
	.section .note.GNU-stack, "", @progbits
