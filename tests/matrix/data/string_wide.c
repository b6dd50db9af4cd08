// A string of 16-bit characters.
//#changed: say constant
void print(const unsigned short *text);
#ifdef PATCHED
#define LONG_TEXT u"one two four"
#else
#define LONG_TEXT u"one two three"
#endif
void say(void) { print(LONG_TEXT); }
void also(void) { print(u"five six"); }
