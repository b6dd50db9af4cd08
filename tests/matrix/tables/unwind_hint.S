// Assembly tells the unwinder that the stack is another one here: no instruction says so.
//#changed: entry *
//#section: .discard.unwind_hints offset
#ifdef PATCHED
#define OFFSET 16
#else
#define OFFSET 8
#endif
	.text
	.globl entry
	.type entry, @function
entry:	mov %rdi, %rsp
1:	call outside
	ret
	.size entry, . - entry
	.section .discard.unwind_hints, ""
	.long 1b - .
	.short OFFSET
	.byte 5, 2, 0
	.balign 4
	.section .note.GNU-stack, "", @progbits
