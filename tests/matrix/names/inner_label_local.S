// A place with a local name in one function, whose address another one takes, is behind one more instruction.
//#any-of: changed stopped | changed start
	.text
	.globl stopped, start
	.type stopped, @function
stopped:
	movl %edi, %eax
#ifdef PATCHED
	addl $5, %eax
#endif
resume:
#ifndef PATCHED
	addl $5, %eax
#endif
	ret
	.size stopped, . - stopped
	.type start, @function
start:	leaq resume(%rip), %rax
	movq %rax, (%rdi)
	ret
	.size start, . - start
	.section .note.GNU-stack, "", @progbits
