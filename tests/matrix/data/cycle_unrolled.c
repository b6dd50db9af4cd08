// A ring of two that hold the same becomes one that points to itself: writers would notice.
//#changed: get *
//#changed: keep *
struct node { struct node *next; int number; };
void use(struct node *node);
static struct node __flags;
#ifdef PATCHED
static struct node __key = { &__key, 1 };
#else
static struct node __key = { &__flags, 1 };
#endif
static struct node __flags = { &__key, 1 };
void get(void) { use(&__key); }
void keep(void) { use(&__flags); }
