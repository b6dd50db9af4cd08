// A trap of a check is the last instruction of a function; the one behind is another than before.
//#unchanged
	.macro function name, number
	.globl \name
	.type \name, @function
\name:	cmpl $\number, %edi
	ja 1f
	ret
1:	ud1l 0x3(%eax), %eax
	.size \name, .-\name
	.endm
	.text
	function first, 1
#ifdef PATCHED
	function third, 3
	function second, 2
#else
	function second, 2
	function third, 3
#endif
	.globl end
	.type end, @function
end:	ret
	.size end, .-end
