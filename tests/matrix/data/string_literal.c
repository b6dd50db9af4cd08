// The text of a string literal.
//#changed: say string
void print(const char *text);
#ifdef PATCHED
#define TEXT "one two four"
#else
#define TEXT "one two three"
#endif
void say(void) { print(TEXT); }
void also(void) { print("five six"); }
