// Two unnamed structures that point to each other; the farther one changes.
//#changed: get constant
struct node { const struct node *next; int number; };
#ifdef PATCHED
#define NUMBER 4
#else
#define NUMBER 3
#endif
static const struct node __flags __asm__("__flags.1");
static const struct node __key __asm__("__key.1") = { &__flags, 1 };
static const struct node __flags __asm__("__flags.1") = { &__key, NUMBER };
static const struct node descriptor __asm__("descriptor.1");
static const struct node _rs __asm__("_rs.1") = { &descriptor, 1 };
static const struct node descriptor __asm__("descriptor.1") = { &_rs, 5 };
void use(const struct node *node);
void get(void) { use(&__key); }
void get_other(void) { use(&_rs); }
