// A string that others can be the tail of.
//#changed: say string
void print(const char *text);
#ifdef PATCHED
#define TEXT "a common end"
#else
#define TEXT "the common end"
#endif
void say(void) { print(TEXT); }
void also(void) { print("common end"); }
