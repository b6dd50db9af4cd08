// The end of such a constant, where data has its address.
//#changed: copy instruction
//#data: .rodata
#ifdef PATCHED
#define LAST 0x6f7774
#else
#define LAST 0x656e6f
#endif
	.text
	.globl copy, walk
	.type copy, @function
copy:	movq .Lconstant(%rip), %rax
	movq %rax, (%rdi)
	movq $LAST, 8(%rdi)
	ret
	.size copy, . - copy
	.type walk, @function
walk:	movq $5, %rdi
	jmp take
	.size walk, . - walk
	.section .rodata, "a", @progbits
	.balign 8
.Lconstant:
	.quad 0x1234567812345678
	.quad LAST
.Lnext:	.quad .Lconstant + 8
