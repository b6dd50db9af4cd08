// The same with a load of known size.
//#refused: work
#ifdef PATCHED
#define TARGET second
#else
#define TARGET first
#endif
	.text
	.globl work
	.type work, @function
work:	movq .Ltable(%rip), %rax
	ret
	.size work, . - work
	.section .orc_unwind_ip, "a", @progbits
.Ltable:
	.quad TARGET
	.section .note.GNU-stack, "", @progbits
