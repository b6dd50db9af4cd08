// The type of a paravirt site, where nothing pads the last entry (5.10).
//#section: .parainstructions type
//#changed: enable alternative
extern void (*operations[8])(void);
#define PARAVIRT(type) \
	"771:\tcall *operations\n772:\n" \
	"\t.pushsection .parainstructions, \"a\"\n\t.balign 8\n\t.quad 771b\n" \
	"\t.byte " type "\n\t.byte 772b - 771b\n\t.popsection\n"
#ifdef PATCHED
#define TYPE "6"
#else
#define TYPE "5"
#endif
void other(void) { asm volatile(PARAVIRT("5") : : : "memory"); }
void enable(void) { asm volatile(PARAVIRT(TYPE) : : : "memory"); }
