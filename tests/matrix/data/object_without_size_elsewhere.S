// An object without a size: another word of it is used.
//#changed[plain|sections|cross]: f relocation
//#changed[linked]: f *
//#may[linked]: changed g
//#may[linked]: data-removed ta
	.text
	.globl f, g
	.type f, @function
f:
#ifdef PATCHED
	mov ta + 8(%rip), %eax
#else
	mov ta + 4(%rip), %eax
#endif
	ret
	.size f, . - f
	.type g, @function
g:	mov $ta, %edi
	jmp use
	.size g, . - g
	.bss
	.balign 16
	.type ta, @object
ta:	.skip 16
	.section .note.GNU-stack, "", @progbits
