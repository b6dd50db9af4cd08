// New data, and data that is gone.
//#data-added: fresh
//#data-removed: stale
#ifdef PATCHED
int fresh = 3;
#else
int stale = 3;
#endif
int kept = 4;
