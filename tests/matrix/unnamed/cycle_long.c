// A ring of six constants without names of their own; the fourth holds another number.
//#changed: f *
#ifdef PATCHED
#define NUMBER 99
#else
#define NUMBER 4
#endif
struct node { const struct node *next; long v; };
static const struct node descriptor, _rs, __flags, __key, __warned, __already_done;
static const struct node descriptor = { &_rs, 1 };
static const struct node _rs = { &__flags, 2 };
static const struct node __flags = { &__key, 3 };
static const struct node __key = { &__warned, NUMBER };
static const struct node __warned = { &__already_done, 5 };
static const struct node __already_done = { &descriptor, 6 };
long f(int n)
{
	const struct node *p = &descriptor;
	asm("" : "+r"(p));
	while (n--)
		p = p->next;
	return p->v;
}
