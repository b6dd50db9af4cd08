// Of two variables with numbers behind their names, f writes the second instead of the first again.
//#changed: f *
#ifdef PATCHED
#define USED count.2
#else
#define USED count.1
#endif
	.file "input.S"
	.text
	.globl f, g
	.type f, @function
f:	mov count.1(%rip), %eax
	add count.2(%rip), %eax
	mov %eax, USED(%rip)
	ret
	.size f, . - f
	.type g, @function
g:	mov count.1(%rip), %eax
	sub count.2(%rip), %eax
	ret
	.size g, . - g
	.data
	.balign 4
	.type count.1, @object
count.1:
	.long 1
	.size count.1, 4
	.type count.2, @object
count.2:
	.long 1
	.size count.2, 4
	.section .note.GNU-stack, "", @progbits
