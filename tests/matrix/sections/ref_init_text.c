// The memory of one is freed after boot, that of the other is not.
//#variants: plain sections
//#changed: get section
#ifdef PATCHED
#define IN ".init.text"
#else
#define IN ".ref.text"
#endif
int next(int);
__attribute__((section(IN))) int get(int n) { return next(n + 1); }
