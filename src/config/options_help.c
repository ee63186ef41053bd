/*
 * The text of --help, made from the table: see options.h.
 */
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"
#include "config/options_table.h"

static void print_row(FILE *out, const struct row *row)
{
	char left[40];
	char letter[] = {'-', row->letter, ',', '\0'};

	if (!row->name || !row->help)
		return;
	snprintf(left, sizeof(left), "%-3s --%s%s%s", row->letter ? letter : "", row->name,
		 row->argument ? " " : "", row->argument ? row->argument : "");
	fprintf(out, "  %-21s %s\n", left, row->help);
}

char *options_help(void)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs("Usage: tcpmetro -r FILE | -i NAME | -c FILE [options] [filter expression]\n"
	      "Tells the round-trip times between hosts from TCP packets as they pass.\n\n",
	      out);
	for (size_t i = 0; i < options_rows; i++)
		print_row(out, &options_table[i]);
	fputs("\nExamples:\n"
	      "  tcpmetro -r trace.pcap                        who is slow to whom\n"
	      "  tcpmetro -i eth0 --sort p95 port 443          live, the slowest first\n"
	      "  tcpmetro -i any --samples --format json       each sample as it comes\n"
	      "\nThe man page, tcpmetro(1), has the rest: columns, -s, -B, -j, -p, -Z ...\n",
	      out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
