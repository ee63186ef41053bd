/*
 * The table of link types: see linktype.h.
 */
#include "packet/linktype.h"

#include <stddef.h>

#define DECODER(value, name, decoder) [value] = decoder,

static layer_decoder *const decoders[] = {LINKTYPES(DECODER)};

layer_decoder *linktype_decoder(uint32_t linktype)
{
	return linktype < sizeof(decoders) / sizeof(decoders[0]) ? decoders[linktype] : NULL;
}
