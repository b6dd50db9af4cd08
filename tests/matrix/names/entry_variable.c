// A variable of the name that an entry of the printk index has.
//#data: _entry
#ifdef PATCHED
int _entry = 6;
#else
int _entry = 5;
#endif
int other = 4;
