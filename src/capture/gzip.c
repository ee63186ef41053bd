/*
 * gzip by zlib: any number of members, one after the other (RFC 1952 2.2), and the
 * zero bytes that tapes and block devices put behind them.
 *
 * Other bytes behind the last member are an error: gzip(1) warns about them too,
 * and they may be a damaged member that held packets.
 */
#include <errno.h>
#include <stdlib.h>

#define ZLIB_CONST
#include <zlib.h>

#include "capture/decompress.h"

struct decompressor {
	z_stream zlib;
	bool between; /* the member is complete; the next may follow, or nothing */
};

static struct decompressor *gzip_create(void)
{
	struct decompressor *gzip = calloc(1, sizeof(*gzip));

	if (!gzip)
		return NULL;
	/* 15: the largest window; +16: a gzip header, checked with its CRC. */
	if (inflateInit2(&gzip->zlib, 15 + 16) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

static void gzip_destroy(struct decompressor *gzip)
{
	if (!gzip)
		return;
	inflateEnd(&gzip->zlib);
	free(gzip);
}

/* Steps over padding; then starts the next member if there is one. */
static int next_member(struct decompressor *gzip, struct decompress_step *step, struct error *error)
{
	while (step->in_left > 0 && *step->in == 0) {
		step->in++;
		step->in_left--;
	}
	if (step->in_left == 0)
		return 0;
	if (*step->in != 0x1f)
		return error_set(error, EBADMSG, "other bytes follow the end of the gzip data");
	inflateReset(&gzip->zlib);
	gzip->between = false;
	return 0;
}

/* One call of zlib, within the sizes that it can count. */
static int inflate_some(struct decompressor *gzip, struct decompress_step *step)
{
	const uInt in = step->in_left > 1u << 30 ? 1u << 30 : (uInt)step->in_left;
	const uInt out = step->out_left > 1u << 30 ? 1u << 30 : (uInt)step->out_left;
	z_stream *zlib = &gzip->zlib;

	zlib->next_in = step->in;
	zlib->avail_in = in;
	zlib->next_out = step->out;
	zlib->avail_out = out;
	const int result = inflate(zlib, Z_NO_FLUSH);
	step->in += in - zlib->avail_in;
	step->in_left -= in - zlib->avail_in;
	step->out += out - zlib->avail_out;
	step->out_left -= out - zlib->avail_out;
	return result;
}

static int gzip_step(struct decompressor *gzip, struct decompress_step *step, struct error *error)
{
	if (gzip->between) {
		const int result = next_member(gzip, step, error);
		if (result < 0 || gzip->between)
			return result;
	}
	switch (inflate_some(gzip, step)) {
	case Z_STREAM_END:
		gzip->between = true;
		return 0;
	case Z_OK:
	case Z_BUF_ERROR: /* it wants more input, or more room */
		return 0;
	case Z_MEM_ERROR:
		return error_set(error, ENOMEM, "not enough memory to decompress it");
	default:
		return error_set(error, EBADMSG, "the gzip data is damaged (%s)",
				 gzip->zlib.msg ? gzip->zlib.msg : "no detail");
	}
}

static bool gzip_at_end(const struct decompressor *gzip)
{
	return gzip->between;
}

const struct decompressor_ops gzip_decompressor = {
	.create = gzip_create,
	.step = gzip_step,
	.at_end = gzip_at_end,
	.destroy = gzip_destroy,
};
