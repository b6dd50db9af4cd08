// A function that starts anew comes by the call to ftrace each time, or once only.
//#changed: walk *
#ifdef PATCHED
#define TARGET .Lbehind
#else
#define TARGET .Ltraced
#endif
	.text
	.globl walk
	.type walk, @function
walk:
.Ltraced:
	call __fentry__
.Lbehind:
	add (%rdi), %eax
	dec %esi
	jnz TARGET
	ret
	.size walk, . - walk
	.section __mcount_loc, "aw"
	.balign 8
	.quad .Ltraced
	.section .note.GNU-stack, "", @progbits
