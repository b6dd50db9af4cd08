// The same in memory that is written to: variables of one place each, linked in a ring.
//#changed: f *
#ifdef PATCHED
#define NUMBER 99
#else
#define NUMBER 5
#endif
struct node { struct node *next; long v; };
static struct node descriptor, _rs, __key, __warned, __already_done, __print_once;
static struct node descriptor = { &_rs, 1 };
static struct node _rs = { &__key, 2 };
static struct node __key = { &__warned, 3 };
static struct node __warned = { &__already_done, 4 };
static struct node __already_done = { &__print_once, NUMBER };
static struct node __print_once = { &descriptor, 6 };
void use(struct node *);
void f(void) { use(&descriptor); }
