// A global alias goes from one static function to another, and who called the function by its own name calls the other.
//#compilers: gcc
//#changed: call *
//#one-way
//#may: changed first
//#may: changed second
//#may: changed one
//#may: changed two
//#may: changed shown
//#may: note shown symbol
extern int step(int);
static __attribute__((noinline)) int one(int a) { return step(a) + step(a + 1); }
static __attribute__((noinline)) int two(int a) { return step(a) + step(a + 2); }
int (*first(void))(int) { return one; }
int (*second(void))(int) { return two; }
#ifdef PATCHED
int shown(int a) __attribute__((alias("two")));
int call(int a) { return two(a) + 1; }
#else
int shown(int a) __attribute__((alias("one")));
int call(int a) { return one(a) + 1; }
#endif
