// An instruction in front of a place that a table without a reader lists: the entry is for the same instruction.
//#changed: f instruction
//#changed: h instruction
	.macro PLACE table, name, instruction:vararg
	.globl \name
	.type \name, @function
\name:
	\instruction
1:	movabs $0x0123456789abcdef, %rax
	.pushsection \table, "a"
	.long 1b + 2 - .
	.popsection
	ret
	.size \name, . - \name
	.endm
	.text
#ifdef PATCHED
	PLACE runtime_ptr_limit, f, inc %edx
	PLACE runtime_ptr_limit, g, inc %ecx
	.globl h
	.type h, @function
h:	inc %edx
2:	jmp g
	.size h, . - h
#else
	PLACE runtime_ptr_limit, f
	PLACE runtime_ptr_limit, g, inc %ecx
	.globl h
	.type h, @function
h:
2:	jmp g
	.size h, . - h
#endif
	.section __own_list, "a"
	.balign 8
	.quad 2b + 1
	.section .note.GNU-stack, "", @progbits
