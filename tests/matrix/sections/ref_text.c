// `__ref`: modpost asks nothing of what is there, and the linker puts it beside everything else.
//#variants: plain sections
//#unchanged
#ifdef PATCHED
#define IN ".ref.text"
#else
#define IN ".text"
#endif
int next(int);
__attribute__((section(IN))) int get(int n) { return next(n + 1); }
int twice(int n) { return get(n) + get(n + 1); }
