// Traps that the size of code without a type counts are the code's, and what follows them too.
//#changed: h instruction
//#changed: i instruction
	.text
	.globl g, n
	.type g, @function
g:	mov %eax, %edx
	ret
	.size g, . - g
	.balign 16
h:	xor %edx, %edx
	jz 1f
	ret
1:	int3
#ifdef PATCHED
	int3
#endif
	.size h, . - h
	.balign 16, 0xcc
	.type n, @function
n:	mov $1, %eax
	ret
	.size n, . - n
	.balign 16
i:	xor %edx, %edx
	jz 2f
	ret
	.size i, . - i
	.balign 16, 0xcc
#ifdef PATCHED
2:	mov $3, %eax
#else
2:	mov $4, %eax
#endif
	ret
	.section __ex_table, "a"
	.long g - ., h - ., 1
	.long n - ., i - ., 1
	.section .note.GNU-stack, "", @progbits
