/*
 * zstd by libzstd: any number of frames, skippable ones among them (RFC 8878 3.1).
 *
 * libzstd refuses windows above 128 MiB unless told otherwise; it is left at that,
 * so a hostile file cannot make the reader take gigabytes.
 */
#include <errno.h>
#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "capture/decompress.h"

struct decompressor {
	ZSTD_DStream *zstd;
	bool between; /* the frame is complete; the next may follow, or nothing */
};

static void zstd_destroy(struct decompressor *zstd)
{
	if (!zstd)
		return;
	ZSTD_freeDStream(zstd->zstd);
	free(zstd);
}

static struct decompressor *zstd_create(void)
{
	struct decompressor *zstd = calloc(1, sizeof(*zstd));

	if (!zstd)
		return NULL;
	zstd->zstd = ZSTD_createDStream();
	if (!zstd->zstd) {
		free(zstd);
		return NULL;
	}
	return zstd;
}

static int zstd_failed(size_t result, struct error *error)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_memory_allocation:
		return error_set(error, ENOMEM, "not enough memory to decompress it");
	case ZSTD_error_frameParameter_windowTooLarge:
		return error_set(error, ENOTSUP,
				 "the zstd data needs a window of more than 128 MiB: decompress it "
				 "first with zstd -d --long=31");
	default:
		return error_set(error, EBADMSG, "the zstd data is damaged (%s)",
				 ZSTD_getErrorName(result));
	}
}

static int zstd_step(struct decompressor *zstd, struct decompress_step *step, struct error *error)
{
	ZSTD_inBuffer in = {step->in, step->in_left, 0};
	ZSTD_outBuffer out = {step->out, step->out_left, 0};

	const size_t result = ZSTD_decompressStream(zstd->zstd, &out, &in);
	step->in += in.pos;
	step->in_left -= in.pos;
	step->out += out.pos;
	step->out_left -= out.pos;
	if (ZSTD_isError(result))
		return zstd_failed(result, error);
	zstd->between = result == 0;
	return 0;
}

static bool zstd_at_end(const struct decompressor *zstd)
{
	return zstd->between;
}

const struct decompressor_ops zstd_decompressor = {
	.create = zstd_create,
	.step = zstd_step,
	.at_end = zstd_at_end,
	.destroy = zstd_destroy,
};
