// Two constructors, which have no names of their own, in the other order.
//#flags[gcc]: -fno-toplevel-reorder
//#note: .ctors order
void first(void), second(void);
#define ENTRY(name, function) static void (*const __UNIQUE_ID_##name)(void) __attribute__((used, section(".ctors"))) = function;
#ifdef PATCHED
ENTRY(1, second)
ENTRY(2, first)
#else
ENTRY(1, first)
ENTRY(2, second)
#endif
