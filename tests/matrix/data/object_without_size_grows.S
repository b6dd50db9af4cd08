// An object without a size has more room with the patch.
//#data: ta
	.text
	.globl f, g
	.type f, @function
f:	mov $ta, %edi
	jmp use
	.size f, . - f
	.type g, @function
g:	mov tz(%rip), %eax
	ret
	.size g, . - g
	.bss
	.balign 16
	.type ta, @object
#ifdef PATCHED
ta:	.skip 64
#else
ta:	.skip 16
#endif
	.type tz, @object
tz:	.skip 4
	.size tz, 4
	.section .note.GNU-stack, "", @progbits
