// `__refdata`: modpost asks nothing of what is there, and the linker puts it beside everything else.
//#variants: plain sections
//#unchanged
#ifdef PATCHED
#define IN ".ref.data"
#else
#define IN ".data"
#endif
int limit __attribute__((section(IN))) = 5;
int get(void) { return limit; }
