// A list of strings that ends with an empty one loses its end; the callee does not know its length.
// With gcc no symbol says where it ends: its zeros could as well be alignment (docs/digest.md, "What cannot be
// seen").
//#unchanged[gcc]
//#changed[clang]: say string
void put(const char *list);
#ifdef PATCHED
#define LIST "one\0two"
#else
#define LIST "one\0two\0"
#endif
void say(void) { put(LIST); }
void also(void) { put("five\0six"); }
