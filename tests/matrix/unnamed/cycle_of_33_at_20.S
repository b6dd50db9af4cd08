// A ring of 33 constants without symbols; the one after 20 steps holds another number.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	lea .Ln0(%rip), %rdi
	jmp use
	.size f, . - f
	.section .data.rel.ro, "aw"
	.balign 8
.Ln0:
	.quad .Ln1, 1
.Ln1:
	.quad .Ln2, 2
.Ln2:
	.quad .Ln3, 3
.Ln3:
	.quad .Ln4, 4
.Ln4:
	.quad .Ln5, 5
.Ln5:
	.quad .Ln6, 6
.Ln6:
	.quad .Ln7, 7
.Ln7:
	.quad .Ln8, 8
.Ln8:
	.quad .Ln9, 9
.Ln9:
	.quad .Ln10, 10
.Ln10:
	.quad .Ln11, 11
.Ln11:
	.quad .Ln12, 12
.Ln12:
	.quad .Ln13, 13
.Ln13:
	.quad .Ln14, 14
.Ln14:
	.quad .Ln15, 15
.Ln15:
	.quad .Ln16, 16
.Ln16:
	.quad .Ln17, 17
.Ln17:
	.quad .Ln18, 18
.Ln18:
	.quad .Ln19, 19
.Ln19:
	.quad .Ln20, 20
.Ln20:
#ifdef PATCHED
	.quad .Ln21, 99
#else
	.quad .Ln21, 21
#endif
.Ln21:
	.quad .Ln22, 22
.Ln22:
	.quad .Ln23, 23
.Ln23:
	.quad .Ln24, 24
.Ln24:
	.quad .Ln25, 25
.Ln25:
	.quad .Ln26, 26
.Ln26:
	.quad .Ln27, 27
.Ln27:
	.quad .Ln28, 28
.Ln28:
	.quad .Ln29, 29
.Ln29:
	.quad .Ln30, 30
.Ln30:
	.quad .Ln31, 31
.Ln31:
	.quad .Ln32, 32
.Ln32:
	.quad .Ln0, 33
	.section .note.GNU-stack, "", @progbits
