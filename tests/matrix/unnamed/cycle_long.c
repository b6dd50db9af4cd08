// A ring of six constants without names of their own; the fourth holds another number.
//#changed: f *
#ifdef PATCHED
#define NUMBER 99
#else
#define NUMBER 4
#endif
struct node { const struct node *next; long v; };
static const struct node descriptor __asm__("descriptor.1"), _rs __asm__("_rs.1"), __flags __asm__("__flags.1"), __key __asm__("__key.1"), __warned __asm__("__warned.1"), __already_done __asm__("__already_done.1");
static const struct node descriptor __asm__("descriptor.1") = { &_rs, 1 };
static const struct node _rs __asm__("_rs.1") = { &__flags, 2 };
static const struct node __flags __asm__("__flags.1") = { &__key, 3 };
static const struct node __key __asm__("__key.1") = { &__warned, NUMBER };
static const struct node __warned __asm__("__warned.1") = { &__already_done, 5 };
static const struct node __already_done __asm__("__already_done.1") = { &descriptor, 6 };
long f(int n)
{
	const struct node *p = &descriptor;
	asm("" : "+r"(p));
	while (n--)
		p = p->next;
	return p->v;
}
