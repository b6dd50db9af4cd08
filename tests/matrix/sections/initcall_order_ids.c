// The same, where their names hold the number of their place.
//#note: .initcall6.init order
int a(void) { return 1; }
int b(void) { return 2; }
#define INITCALL(fn, id) asm(".section .initcall6.init, \"a\"\n__initcall__kmod_x__" id "_" #fn "6:\n\t.long " #fn " - .\n.previous");
#ifdef PATCHED
INITCALL(b, "1_10")
INITCALL(a, "2_11")
#else
INITCALL(a, "1_10")
INITCALL(b, "2_11")
#endif
