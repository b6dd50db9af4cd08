// One common symbol more, and one that is gone.
//#data-added: fresh
//#data-removed: stale
#ifdef PATCHED
	.comm fresh, 64, 8
#else
	.comm stale, 64, 8
#endif
	.comm kept, 8, 8
	.section .note.GNU-stack, "", @progbits
