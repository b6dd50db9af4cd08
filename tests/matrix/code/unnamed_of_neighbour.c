// The same with a variable that has no stable name.
//#changed: second *
//#unlocated: second
void warn(int);
#define ONCE(name) \
	static inline __attribute__((always_inline)) void name(void) \
	{ static _Bool __warned; if (!__warned) { __warned = 1; warn(1); } }
ONCE(once_one)
ONCE(once_two)
void first(void) { once_one(); }
void third(void) { once_two(); warn(3); }
#ifdef PATCHED
void second(void) { once_one(); warn(4); }
#else
void second(void) { once_two(); warn(4); }
#endif
