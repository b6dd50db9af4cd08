// A second way into a function stays where it is, with other padding in front of it.
//#unchanged
	.text
	.globl helper_entry, helper_inner
	.type helper_entry, @function
helper_entry:
	movl %edi, %eax
#ifdef PATCHED
	nopl 0(%rax)
#endif
helper_inner:
	addl $5, %eax
	ret
	.size helper_entry, . - helper_entry
	.section .note.GNU-stack, "", @progbits
