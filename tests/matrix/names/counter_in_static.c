// Macros number what they declare with a counter that goes on whatever uses it: clang puts the function before such a name.
//#unchanged
#ifdef PATCHED
#define OWN __UNIQUE_ID_state8
#define NEXT __UNIQUE_ID_state9
#else
#define OWN __UNIQUE_ID_state5
#define NEXT __UNIQUE_ID_state6
#endif
int take(const void *);
int one(void) { static const struct { const char *name; int line; } OWN = { "one", 7 }; return take(&OWN); }
int two(void) { static const struct { const char *name; int line; } NEXT = { "two", 9 }; return take(&NEXT); }
