// SPDX-License-Identifier: GPL-2.0
/*
 * fixdep DEPFILE TARGET COMMAND: turns a compiler's list of headers into a
 * .TARGET.cmd file. In place of include/generated/autoconf.h, on which every
 * object would depend, stand the options that the files mention.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **seen;
static size_t seen_count;

static void *checked(void *p)
{
	if (!p) {
		fputs("fixdep: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	size_t used = 0, room = 1 << 16, n;
	char *text = checked(malloc(room));

	if (!f) {
		perror(path);
		exit(1);
	}
	while ((n = fread(text + used, 1, room - used - 1, f)) > 0) {
		used += n;
		if (room - used < 2)
			text = checked(realloc(text, room *= 2));
	}
	fclose(f);
	text[used] = '\0';
	return text;
}

static int first_time(const char *name, size_t len)
{
	for (size_t i = 0; i < seen_count; i++)
		if (strlen(seen[i]) == len && !memcmp(seen[i], name, len))
			return 0;
	seen = checked(realloc(seen, (seen_count + 1) * sizeof(*seen)));
	seen[seen_count++] = checked(strndup(name, len));
	return 1;
}

/* Prints a prerequisite for each CONFIG_NAME in the file. */
static void print_options(const char *path)
{
	char *text = read_file(path);

	for (char *p = text; (p = strstr(p, "CONFIG_")); ) {
		char *name = p + strlen("CONFIG_"), *end = name;

		while (isalnum((unsigned char)*end) || *end == '_')
			end++;
		if (end - name > 7 && !memcmp(end - 7, "_MODULE", 7))
			end -= 7;
		if ((p == text || (!isalnum((unsigned char)p[-1]) && p[-1] != '_')) &&
		    end > name && first_time(name, end - name))
			printf("    $(wildcard include/config/%.*s) \\\n", (int)(end - name), name);
		p = end;
	}
	free(text);
}

int main(int argc, char **argv)
{
	int is_source = 1;
	char *deps, *word;

	if (argc != 4) {
		fputs("usage: fixdep DEPFILE TARGET COMMAND\n", stderr);
		return 1;
	}
	deps = read_file(argv[1]);
	printf("savedcmd_%s := %s\n\n", argv[2], argv[3]);

	strtok(deps, " \\\n"); /* "target:" */
	while ((word = strtok(NULL, " \\\n"))) {
		if (is_source)
			printf("source_%s := %s\n\ndeps_%s := \\\n", argv[2], word, argv[2]);
		else if (!strstr(word, "include/generated/autoconf.h"))
			printf("  %s \\\n", word);
		if (!strstr(word, "include/generated/autoconf.h"))
			print_options(word);
		is_source = 0;
	}
	printf("\n%s: $(deps_%s)\n\n$(deps_%s):\n", argv[2], argv[2], argv[2]);
	return 0;
}
