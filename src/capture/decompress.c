/*
 * Which compression a file has, by its first bytes, and who undoes it.
 *
 * Formats that the program never reads are listed too, so that the error can
 * name them and the cure.
 */
#include "capture/decompress.h"

#include <string.h>

#ifdef HAVE_ZLIB
#define GZIP_OPS &gzip_decompressor
#else
#define GZIP_OPS NULL
#endif

#ifdef HAVE_ZSTD
#define ZSTD_OPS &zstd_decompressor
#else
#define ZSTD_OPS NULL
#endif

static const struct magic {
	uint8_t bytes[COMPRESSION_MAGIC_SIZE];
	uint8_t first_mask; /* of the first byte; the others count in full */
	uint8_t count;
	struct compression compression;
} magics[] = {
	{{0x1f, 0x8b}, 0xff, 2, {"gzip", GZIP_OPS, true}},
	{{0x28, 0xb5, 0x2f, 0xfd}, 0xff, 4, {"zstd", ZSTD_OPS, true}},
	{{0x50, 0x2a, 0x4d, 0x18}, 0xf0, 4, {"zstd", ZSTD_OPS, true}}, /* skippable frame */
	{{0xfd, '7', 'z', 'X', 'Z', 0x00}, 0xff, 6, {"xz", NULL, false}},
	{{'B', 'Z', 'h'}, 0xff, 3, {"bzip2", NULL, false}},
	{{0x04, 0x22, 0x4d, 0x18}, 0xff, 4, {"lz4", NULL, false}},
};

const struct compression *compression_of(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++) {
		const struct magic *magic = &magics[i];
		if (count >= magic->count && (bytes[0] & magic->first_mask) == magic->bytes[0] &&
		    memcmp(bytes + 1, magic->bytes + 1, magic->count - 1u) == 0)
			return &magic->compression;
	}
	return NULL;
}
