// An entry stands in another table: it runs later.
//#data: __pci_fixup_quirk causes=section
#ifdef PATCHED
#define PLACE ".pci_fixup_final"
#else
#define PLACE ".pci_fixup_early"
#endif
struct fixup { unsigned short vendor, device; int class; void (*hook)(void); };
void quirk(void);
static const struct fixup __pci_fixup_quirk __attribute__((used, section(PLACE), aligned(8))) = { 0x8086, 0x1234, ~0, quirk };
