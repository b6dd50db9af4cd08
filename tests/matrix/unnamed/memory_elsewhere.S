// Memory without a name, of which one function uses the third and not the second word. The other hands it out.
//#any-of: changed f | changed g
//#may: changed f
//#may: changed g
	.text
	.globl f, g
	.type f, @function
f:
#ifdef PATCHED
	mov .La + 8(%rip), %eax
#else
	mov .La + 4(%rip), %eax
#endif
	ret
	.size f, . - f
	.type g, @function
g:	mov $.La, %edi
	jmp use
	.size g, . - g
	.bss
	.balign 16
.La:	.skip 16
	.section .note.GNU-stack, "", @progbits
