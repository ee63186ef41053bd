/*
 * Writes the fuzz target's first corpus: one small capture for each thing that the
 * reader knows, made by the unit tests' builder.
 *
 *	make_seeds FOLDER
 *
 * To compile: cc -D_GNU_SOURCE -Itests/unit tests/fuzz/make_seeds.c -o make_seeds
 */
#include <stdio.h>

#include "capture_builder.h"

static const char *folder;

/* One seed: how to read it (see fuzz_capture.c), then the file. Empties the builder. */
static void write_seed(const char *name, unsigned how, struct builder *file)
{
	const uint8_t first = (uint8_t)how;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *out = fopen(path, "wb");
	if (!out || fwrite(&first, 1, 1, out) != 1 ||
	    fwrite(file->bytes, 1, file->size, out) != file->size || fclose(out) != 0) {
		perror(path);
		exit(1);
	}
	builder_done(file);
}

static void put_three(struct builder *file)
{
	pcap_record(file, 1, 60);
	pcap_record(file, 2, 0);
	pcap_record(file, 3, 66);
}

static void pcap_seeds(void)
{
	static const struct {
		const char *name;
		uint32_t magic;
		unsigned major, minor;
		uint32_t snaplen, network;
	} kinds[] = {
		{"pcap-micro", PCAP_MICRO, 2, 4, 65535, 1},
		{"pcap-nano", PCAP_NANO, 2, 4, 262144, 113},
		{"pcap-2.0", PCAP_MICRO, 2, 0, 68, 1},
		{"pcap-2.3", PCAP_MICRO, 2, 3, 0, 101},
		{"pcap-dgux", PCAP_MICRO, 543, 0, 65535, 1},
		{"pcap-version-9", PCAP_MICRO, 9, 9, 65535, 1},
		{"pcap-large-snaplen", PCAP_MICRO, 2, 4, 0x7fffffff, 276},
	};

	for (size_t i = 0; i < 2 * sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct builder file = {.swapped = i % 2};
		char name[64];
		pcap_header_of(&file, kinds[i / 2].magic, kinds[i / 2].major, kinds[i / 2].minor,
			       kinds[i / 2].snaplen, kinds[i / 2].network);
		put_three(&file);
		snprintf(name, sizeof(name), "%s%s", kinds[i / 2].name, i % 2 ? "-swapped" : "");
		write_seed(name, i % 2 ? 0x80 | 1 : 64, &file);
	}
}

static void pcap_oddities(void)
{
	struct builder file = {0};

	pcap_header_of(&file, PCAP_KUZNETZOV, 2, 4, 65535, 1);
	for (unsigned i = 1; i < 4; i++) {
		pcap_record_header(&file, i, 0, 20, 20);
		put_fill(&file, 0, 8);
		put_packet(&file, i, 20);
	}
	write_seed("pcap-kuznetzov", 2, &file);
	pcap_header(&file);
	put_three(&file);
	pcap_record_header(&file, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX);
	write_seed("pcap-absurd-length", 0, &file);
	pcap_header(&file);
	put_three(&file);
	file.size -= 3;
	write_seed("pcap-cut", 0x80, &file);
	pcap_header(&file);
	write_seed("pcap-no-records", 0, &file);
	put_fill(&file, 't', 40);
	write_seed("text", 0, &file);
	write_seed("empty", 0, &file);
}

static void put_section(struct builder *file)
{
	ng_section(file);
	ng_interface_of(file, 1, 96, 9, 0, "eth0");
	ng_interface_of(file, 101, 0, 0x80 | 20, -5, "w\xc3\xa4\xff");
	ng_interface_of(file, 1, 0, 12, 1500000000, NULL);
	ng_enhanced(file, 0, 1000000000, 1, 60);
	ng_enhanced(file, 1, 2000000, 2, 41);
	ng_enhanced(file, 2, UINT64_MAX, 3, 0);
	ng_other(file, 5, 24);
	ng_simple(file, 4, 96, 1500);
	ng_obsolete(file, 0, 3, 5, 30);
}

static void pcapng_seeds(void)
{
	struct builder file = {0};

	put_section(&file);
	write_seed("pcapng", 64, &file);
	file.swapped = true;
	put_section(&file);
	write_seed("pcapng-swapped", 0x80 | 3, &file);
	put_section(&file);
	file.swapped = true;
	put_section(&file);
	file.swapped = false;
	put_section(&file);
	write_seed("pcapng-sections", 1, &file);
	put_section(&file);
	file.size -= 5;
	write_seed("pcapng-cut", 0, &file);
	ng_section(&file);
	ng_enhanced(&file, 0, 1, 1, 20);
	write_seed("pcapng-no-interface", 0, &file);
	ng_section(&file);
	put32(&file, 6);
	put32(&file, 0);
	put_fill(&file, 0, 20);
	write_seed("pcapng-length-0", 0, &file);
	ng_section(&file);
	put32(&file, 0xbad);
	put32(&file, 0xfffffffc);
	put_fill(&file, 0, 20);
	write_seed("pcapng-length-huge", 0, &file);
	for (unsigned i = 0; i < 256; i += 17) {
		char name[64];
		ng_section(&file);
		ng_interface_of(&file, 1, 0, (int)i, (int64_t)i << 32, "n");
		ng_enhanced(&file, 0, 0x123456789abcdef0, 1, 4);
		snprintf(name, sizeof(name), "pcapng-resolution-%u", i);
		write_seed(name, 0, &file);
	}
}

static void compressed_seeds(void)
{
	struct builder file = {0};
	struct builder packed = {0};

	pcap_header(&file);
	for (unsigned i = 1; i < 9; i++)
		pcap_record(&file, i, 60 + i);
	put_gzip_stored(&packed, file.bytes, file.size);
	write_seed("gzip", 4, &packed);
	put_gzip_stored(&packed, file.bytes, 100);
	put_gzip_stored(&packed, file.bytes + 100, file.size - 100);
	put_fill(&packed, 0, 7);
	write_seed("gzip-members", 0x80 | 4, &packed);
	put_zstd_raw(&packed, file.bytes, file.size);
	write_seed("zstd", 4, &packed);
	put_zstd_skippable(&packed, 9);
	put_zstd_raw(&packed, file.bytes, 256);
	put_zstd_skippable(&packed, 0);
	put_zstd_raw(&packed, file.bytes + 256, file.size - 256);
	write_seed("zstd-frames", 0x80 | 4, &packed);
	put_zstd_raw(&packed, file.bytes, file.size);
	packed.size -= 9;
	write_seed("zstd-cut", 4, &packed);
	put_bytes(&packed,
		  "\xfd"
		  "7zXZ\0\0\0",
		  8);
	write_seed("xz", 4, &packed);
	builder_done(&file);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_seeds FOLDER\n");
		return 2;
	}
	folder = argv[1];
	pcap_seeds();
	pcap_oddities();
	pcapng_seeds();
	compressed_seeds();
	return 0;
}
