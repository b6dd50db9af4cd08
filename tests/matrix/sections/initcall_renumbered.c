// Initcalls have other numbers and lines.
//#unchanged
int a(void) { return 1; }
int b(void) { return 2; }
#define INITCALL(fn, id) asm(".section .initcall6.init, \"a\"\n__initcall__kmod_x__" id "_" #fn "6:\n\t.long " #fn " - .\n.previous");
#ifdef PATCHED
INITCALL(a, "341_110")
INITCALL(b, "342_111")
#else
INITCALL(a, "1_10")
INITCALL(b, "2_11")
#endif
