// Behind code without a type, which has a size, linkers fill up with traps: with more of them, or with NOPs instead.
//#unchanged
	.text
	.globl g, n
	.type g, @function
g:	mov %eax, %edx
	ret
	.size g, . - g
	.balign 16
h:	xor %edx, %edx
	mov $-14, %eax
	ret
	.size h, . - h
#ifdef PATCHED
	.balign 64, 0xcc
#else
	.balign 16, 0xcc
#endif
	.type n, @function
n:	mov $1, %eax
	ret
	.size n, . - n
	.balign 16
i:	xor %edx, %edx
	mov $-15, %eax
	ret
	.size i, . - i
#ifdef PATCHED
	.balign 16, 0x90
#else
	.balign 16, 0xcc
#endif
	.globl o
	.type o, @function
o:	mov $2, %eax
	ret
	.size o, . - o
	.section __ex_table, "a"
	.long g - ., h - ., 1
	.long n - ., i - ., 1
	.section .note.GNU-stack, "", @progbits
