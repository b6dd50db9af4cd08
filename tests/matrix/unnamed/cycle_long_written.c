// The same in memory that is written to: variables of one place each, linked in a ring.
//#changed: f *
#ifdef PATCHED
#define NUMBER 99
#else
#define NUMBER 5
#endif
struct node { struct node *next; long v; };
static struct node descriptor __asm__("descriptor.1"), _rs __asm__("_rs.1"), __key __asm__("__key.1"), __warned __asm__("__warned.1"), __already_done __asm__("__already_done.1"), __print_once __asm__("__print_once.1");
static struct node descriptor __asm__("descriptor.1") = { &_rs, 1 };
static struct node _rs __asm__("_rs.1") = { &__key, 2 };
static struct node __key __asm__("__key.1") = { &__warned, 3 };
static struct node __warned __asm__("__warned.1") = { &__already_done, 4 };
static struct node __already_done __asm__("__already_done.1") = { &__print_once, NUMBER };
static struct node __print_once __asm__("__print_once.1") = { &descriptor, 6 };
void use(struct node *);
void f(void) { use(&descriptor); }
