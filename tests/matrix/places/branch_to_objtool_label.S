// A jump to a jump that objtool turns into a NOP as long as its key is off, or behind it.
//#changed: walk *
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Lbranch
#endif
	.text
	.globl walk
	.type walk, @function
walk:	xor %eax, %eax
.Lbranch:
	jmp .Lslow
.Lbehind:
	add (%rdi), %eax
	dec %esi
	jnz TARGET
	ret
.Lslow:	mov $7, %eax
	ret
	.size walk, . - walk
	.section __jump_table, "aw"
	.balign 8
	.long .Lbranch - ., .Lslow - .
	.quad key + 2 - .
	.section .note.GNU-stack, "", @progbits
