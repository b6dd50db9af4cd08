// A list of strings that ends with an empty one loses its end; the callee does not know its length.
//#gap[gcc]: zeros at the end of an unnamed constant are taken for padding
//#changed: say string
void put(const char *list);
#ifdef PATCHED
#define LIST "one\0two"
#else
#define LIST "one\0two\0"
#endif
void say(void) { put(LIST); }
void also(void) { put("five\0six"); }
