// Memory without a symbol, given to another function, is larger; nothing stands behind it.
//#any-of: changed f | data .bss
//#gap[linked]: what is linked before it gives the memory without a symbol another size
#ifdef PATCHED
#define SIZE 128
#else
#define SIZE 64
#endif
	.text
	.globl f
	.type f, @function
f:	lea .La(%rip), %rdi
	jmp use
	.size f, . - f
	.bss
	.balign 8
.La:	.zero SIZE
	.section .note.GNU-stack, "", @progbits
