// The last of three initcalls becomes the first, and one is added.
//#note: .initcall6.init order
//#added: d
//#data-added: .initcall6.init
int a(void) { return 1; }
int b(void) { return 2; }
int c(void) { return 3; }
#define INITCALL(fn, id) asm(".section .initcall6.init, \"a\"\n__initcall__kmod_x__" id "_" #fn "6:\n\t.long " #fn " - .\n.previous");
#ifdef PATCHED
int d(void) { return 4; }
INITCALL(c, "1_10")
INITCALL(a, "2_11")
INITCALL(d, "3_12")
INITCALL(b, "4_13")
#else
INITCALL(a, "1_10")
INITCALL(b, "2_11")
INITCALL(c, "3_12")
#endif
