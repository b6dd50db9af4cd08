// The same hint holds from one instruction later on.
//#changed: entry *
	.text
	.globl entry
	.type entry, @function
entry:	mov %rdi, %rsp
1:	push %rax
2:	call outside
	pop %rax
	ret
	.size entry, . - entry
	.section .discard.unwind_hints, ""
#ifdef PATCHED
	.long 2b - .
#else
	.long 1b - .
#endif
	.short 8
	.byte 5, 2, 0
	.balign 4
	.section .note.GNU-stack, "", @progbits
