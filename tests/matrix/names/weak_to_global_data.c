// A variable gives way to another object's.
//#note: limit binding
#ifdef PATCHED
__attribute__((weak))
#endif
int limit = 5;
