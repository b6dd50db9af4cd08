// A static function gets a global name besides, and another body: it is the only one that changes.
//#compilers: gcc
//#changed: show *
//#may: note shown symbol
extern int step(int);
#ifdef PATCHED
int shown(int a) __attribute__((alias("show")));
static __attribute__((noinline)) int show(int a) { return step(a) + step(a + 2); }
#else
static __attribute__((noinline)) int show(int a) { return step(a) + step(a + 1); }
#endif
int (*start(void))(int) { return show; }
int call(int a) { return show(a) + 1; }
