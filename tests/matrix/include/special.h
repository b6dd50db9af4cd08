/* Entries of special sections, in our own words: what the kernel's macros emit, field by field. */

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

/* Code with a replacement: labels 771 to 772 around the one, 773 to 774 around the other. */
#define REPLACED(code, replacement)                                          \
	"771:\n\t" code "\n772:\n"                                           \
	"\t.pushsection .altinstr_replacement, \"ax\"\n"                     \
	"773:\n\t" replacement "\n774:\n"                                    \
	"\t.popsection\n"

#define ALTINSTRUCTION(code, replacement, fields)                            \
	REPLACED(code, replacement)                                          \
	"\t.pushsection .altinstructions, \"a\"\n"                           \
	"\t.long 771b - .\n\t.long 773b - .\n" fields                        \
	"\t.popsection\n"

/* Linux 6.3 and later: feature and flags, then the two lengths. */
#define ALTERNATIVE_14(code, replacement, feature, flags)                    \
	ALTINSTRUCTION(code, replacement,                                    \
		"\t.2byte " TEXT(feature) "\n\t.2byte " TEXT(flags) "\n"     \
		"\t.byte 772b - 771b\n\t.byte 774b - 773b\n")

/* Linux 5.13 to 6.2. */
#define ALTERNATIVE_12(code, replacement, feature)                           \
	ALTINSTRUCTION(code, replacement,                                    \
		"\t.2byte " TEXT(feature) "\n"                               \
		"\t.byte 772b - 771b\n\t.byte 774b - 773b\n")

/* Up to Linux 5.12: a third length, that of the padding. */
#define ALTERNATIVE_13(code, replacement, feature, padding)                  \
	ALTINSTRUCTION(code, replacement,                                    \
		"\t.2byte " TEXT(feature) "\n"                               \
		"\t.byte 772b - 771b\n\t.byte 774b - 773b\n\t.byte " TEXT(padding) "\n")

/* A bug entry for the instruction that follows. */
#define BUG_ENTRY(fields)                                                    \
	"781:\n\t.pushsection __bug_table, \"aw\"\n"                         \
	"\t.long 781b - .\n" fields                                          \
	"\t.popsection\n"

#define BUG_8(flags) BUG_ENTRY("\t.2byte " TEXT(flags) "\n\t.2byte 0\n")
/* %c0 is the file's name. */
#define BUG_12(line, flags)                                                  \
	BUG_ENTRY("\t.long %c0 - .\n\t.2byte " TEXT(line) "\n\t.2byte " TEXT(flags) "\n")
/* %c0 is the file's name, %c1 the format. */
#define BUG_16(line, flags)                                                  \
	BUG_ENTRY("\t.long %c1 - .\n\t.long %c0 - .\n"                       \
		  "\t.2byte " TEXT(line) "\n\t.2byte " TEXT(flags) "\n")

/* Linux 6.19 and later: objtool is told that an entry starts at label 2 in this section. */
#define ANNOTATE_DATA_SPECIAL                                                \
	"\t2:\n\t.pushsection .discard.annotate_data, \"M\", @progbits, 8\n"   \
	"\t.long 2b - .\n\t.long 1\n"                                         \
	"\t.popsection\n"

/* An exception entry: from label 1 to `fixup`. */
#define EXCEPTION(fixup, third)                                              \
	"\t.pushsection __ex_table, \"a\"\n"                                 \
	"\t.balign 4\n\t.long 1b - .\n\t.long " fixup " - .\n\t.long " third "\n" \
	"\t.popsection\n"

/* A jump label at label 1. */
#define JUMP_LABEL(target, key)                                              \
	"\t.pushsection __jump_table, \"aw\"\n"                              \
	"\t.balign 8\n\t.long 1b - .\n\t.long " target " - .\n\t.quad " key " - .\n" \
	"\t.popsection\n"

/* Up to Linux 4.19: three addresses. */
#define JUMP_LABEL_24(target, key)                                           \
	"\t.pushsection __jump_table, \"aw\"\n"                              \
	"\t.balign 8\n\t.quad 1b, " target ", " key "\n"                      \
	"\t.popsection\n"

/* A static call at label 1. */
#define STATIC_CALL_SITE(key)                                                \
	"\t.pushsection .static_call_sites, \"a\"\n"                         \
	"\t.long 1b - .\n\t.long " key " - .\n"                              \
	"\t.popsection\n"

/* A table of 32-bit or 64-bit addresses of code: one entry, for label `place`. */
#define SITE(section, place) \
	"\t.pushsection " section ", \"a\"\n\t.long " place " - .\n\t.popsection\n"
#define SITE_8(section, place) \
	"\t.pushsection " section ", \"aw\"\n\t.quad " place "\n\t.popsection\n"
