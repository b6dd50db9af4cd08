// A string whose address is an immediate of inline assembly.
//#changed: say string
#ifdef PATCHED
#define TEXT "one two four"
#else
#define TEXT "one two three"
#endif
void say(void) { asm volatile("movq %0, %%rdi\n\tcall print" : : "i"(TEXT) : "rdi"); }
