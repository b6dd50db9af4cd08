// Two unnamed objects with the same content change places, which is nothing.
//#unchanged
static const int __key[] __asm__("__key.1") = { 1, 2, 3 };
static const int __flags[] __asm__("__flags.1") = { 1, 2, 3 };
void use(const int *p);
#ifdef PATCHED
void first(void) { use(__flags); }
void second(void) { use(__key); }
#else
void first(void) { use(__key); }
void second(void) { use(__flags); }
#endif
