// What stands behind an embedded NUL in a string that is passed by address.
//#changed: say string
void put(const char *text, int len);
#ifdef PATCHED
#define TEXT "head\0tail two"
#else
#define TEXT "head\0tail one"
#endif
void say(void) { put(TEXT, sizeof(TEXT)); }
void also(void) { put("five six", 8); }
