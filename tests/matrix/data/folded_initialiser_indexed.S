// The end of such a constant, where another function has the right to index what comes behind it.
//#unlocated: walk
//#changed: copy instruction
//#changed: walk constant
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
walk:	movq .Lnext(,%rdi,8), %rdi
	jmp take
	.size walk, . - walk
	.section .rodata, "a", @progbits
	.balign 8
.Lconstant:
	.quad 0x1234567812345678
	.quad LAST
.Lnext:	.quad 0x4321432143214321
