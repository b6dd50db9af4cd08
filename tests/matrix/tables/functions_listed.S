// A table without a reader has two functions in the other order: they are its content.
//#any-of: data own_list | note own_list order
	.text
	.globl g
	.type f, @function
f:	mov $1, %eax
	ret
	.size f, . - f
	.type g, @function
g:	mov $2, %eax
	ret
	.size g, . - g
	.section own_list, "a"
	.balign 8
#ifdef PATCHED
	.quad g
	.quad f
#else
	.quad f
	.quad g
#endif
	.section .note.GNU-stack, "", @progbits
