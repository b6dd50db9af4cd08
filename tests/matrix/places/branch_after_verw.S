// A jump leads to a NOP that becomes CLAC, or behind it.
//#changed: get_user_8 *
#include "sites.inc"
#ifdef PATCHED
#define TARGET .Lbad
#else
#define TARGET .Lbad_clac
#endif
	.text
	.globl get_user_8
	.type get_user_8, @function
get_user_8:
	mov %gs:current_limit, %rdx
	cmp %rdx, %rax
	jae TARGET
1:	mov (%rax), %rdx
	PATCHED_IN 0x134, clac
	xor %eax, %eax
	ret
.Lbad_clac:
	PATCHED_IN 0x134, clac
.Lbad:
	xor %edx, %edx
	mov $-14, %rax
	ret
	.size get_user_8, . - get_user_8
	FIXUP 1b, .Lbad_clac, 3
	.section .note.GNU-stack, "", @progbits
