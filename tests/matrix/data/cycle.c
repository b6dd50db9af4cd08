// Two unnamed structures that point to each other; the farther one changes.
//#changed: get constant
struct node { const struct node *next; int number; };
#ifdef PATCHED
#define NUMBER 4
#else
#define NUMBER 3
#endif
static const struct node __flags;
static const struct node __key = { &__flags, 1 };
static const struct node __flags = { &__key, NUMBER };
static const struct node descriptor;
static const struct node _rs = { &descriptor, 1 };
static const struct node descriptor = { &_rs, 5 };
void use(const struct node *node);
void get(void) { use(&__key); }
void get_other(void) { use(&_rs); }
