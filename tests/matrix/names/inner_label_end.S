// The name behind the code that is copied comes one instruction earlier.
//#any-of: changed caller | changed caller_end
	.text
	.globl caller, caller_end
	.type caller, @function
caller:	push %rax
	call outside
	pop %rax
#ifdef PATCHED
	.type caller_end, @notype
caller_end:
#endif
	incl %eax
#ifndef PATCHED
	.type caller_end, @notype
caller_end:
#endif
	ret
	.size caller, . - caller
	.section .note.GNU-stack, "", @progbits
