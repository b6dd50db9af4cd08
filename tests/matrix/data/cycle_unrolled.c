// A ring of two that hold the same becomes one that points to itself: writers would notice.
//#changed: get *
//#changed: keep *
struct node { struct node *next; int number; };
void use(struct node *node);
static struct node __flags __asm__("__flags.1");
#ifdef PATCHED
static struct node __key __asm__("__key.1") = { &__key, 1 };
#else
static struct node __key __asm__("__key.1") = { &__flags, 1 };
#endif
static struct node __flags __asm__("__flags.1") = { &__key, 1 };
void get(void) { use(&__key); }
void keep(void) { use(&__flags); }
