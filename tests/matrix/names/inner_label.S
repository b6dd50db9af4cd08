// A second way into a function, by a name within it, leads to another instruction.
//#any-of: changed helper_entry | changed helper_inner
	.text
	.globl helper_entry, helper_inner
	.type helper_entry, @function
helper_entry:
	movl %edi, %eax
#ifdef PATCHED
	addl $5, %eax
#endif
	.type helper_inner, @notype
helper_inner:
#ifndef PATCHED
	addl $5, %eax
#endif
	cmpl $9, %eax
	jb 1f
	call outside
1:	ret
	.size helper_entry, . - helper_entry
	.section .note.GNU-stack, "", @progbits
