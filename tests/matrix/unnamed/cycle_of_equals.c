// A ring of two constants that look the same becomes one of three: who goes around it can tell by their addresses.
//#changed: f *
struct node { const struct node *next; long v; };
#ifdef PATCHED
static const struct node descriptor __asm__("descriptor.1"), _rs __asm__("_rs.1"), __flags __asm__("__flags.1");
static const struct node descriptor __asm__("descriptor.1") = { &_rs, 5 };
static const struct node _rs __asm__("_rs.1") = { &__flags, 5 };
static const struct node __flags __asm__("__flags.1") = { &descriptor, 5 };
#else
static const struct node descriptor __asm__("descriptor.1"), _rs __asm__("_rs.1");
static const struct node descriptor __asm__("descriptor.1") = { &_rs, 5 };
static const struct node _rs __asm__("_rs.1") = { &descriptor, 5 };
#endif
int f(void)
{
	const struct node *p = &descriptor, *first;
	int n = 0;
	asm("" : "+r"(p));
	first = p;
	do {
		p = p->next;
		n++;
	} while (p != first);
	return n;
}
