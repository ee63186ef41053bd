/*
 * The text of --help, made from the options table; declared in config/options.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/options_table.h"

static void print_row(FILE *out, const struct row *row)
{
	char left[40];
	char letter[] = {'-', row->letter, ',', '\0'};

	snprintf(left, sizeof(left), "%-3s --%s%s%s", row->letter ? letter : "", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	fprintf(out, "  %-21s %s\n", left, row->help);
}

/* A section without an option that --help shows has no heading either. */
static void print_section(FILE *out, enum section section)
{
	bool has_heading = false;

	for (size_t i = 0; i < options_rows; i++) {
		const struct row *row = &options_table[i];

		if (row->section != section || !row->name || !row->help)
			continue;
		if (!has_heading)
			fprintf(out, "%s:\n", section_title(section));
		has_heading = true;
		print_row(out, row);
	}
}

char *options_help(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("Usage: tcpmetro -r FILE | -i NAME | -c FILE [options] [filter expression]\n"
	      "Passively measures TCP round-trip times from captured or live traffic.\n\n",
	      out);
	for (unsigned section = 0; section < SECTIONS; section++)
		print_section(out, (enum section)section);
	fputs("\nExamples:\n"
	      "  tcpmetro -r trace.pcap                        RTT of each pair of hosts\n"
	      "  tcpmetro -i eth0 --sort p95 port 443          live, slowest first\n"
	      "  tcpmetro -i any --samples --format json       every sample as it is measured\n"
	      "\nSee tcpmetro(1) for the columns and for further options: -s, -B, -j, -p, -Z ...\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
