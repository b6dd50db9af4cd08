// `__refconst`: modpost asks nothing of what is there, and the linker puts it beside everything else.
//#variants: plain sections
//#unchanged
#ifdef PATCHED
#define IN ".ref.rodata"
#else
#define IN ".rodata"
#endif
const int limit __attribute__((section(IN))) = 5;
int get(void) { return *(const volatile int *)&limit; }
