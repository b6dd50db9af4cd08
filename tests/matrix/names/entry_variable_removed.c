// A variable of such a name is gone.
//#data-removed: _entry
#ifndef PATCHED
int _entry = 5;
#endif
int other = 4;
