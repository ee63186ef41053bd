/*
 * Interfaces of a pcapng file: what their description blocks say, and how their
 * time stamps become nanoseconds. Integer arithmetic only, exact to the
 * nanosecond (rounded down), without overflow for any resolution.
 */
#ifndef CAPTURE_PCAPNG_INTERFACE_H
#define CAPTURE_PCAPNG_INTERFACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Interfaces of one section; more are refused. */
#define PCAPNG_MAX_INTERFACES 65536u

/* Names remembered over the whole file; interfaces beyond have none. */
#define PCAPNG_MAX_NAMES 65536u

/* Bytes of a name that are kept, with the ending zero. */
#define PCAPNG_NAME_SIZE 128u

struct pcapng_interface {
	uint32_t snaplen; /* 0: no limit */
	uint16_t linktype;
	uint8_t resolution; /* if_tsresol as in the file: 6 is microseconds */
	uint32_t unit_ns;   /* nanoseconds of a time unit, where that is whole, else 0 */
	uint64_t max_units; /* with unit_ns: most units that are within the range of times */
	int64_t offset_ns;  /* if_tsoffset */
};

/*
 * Reads the body of an interface description block (behind the block's type and
 * length), and the name into name ("" if it has none), made printable: valid UTF-8
 * without control characters. Returns NULL, or a clause that says what is wrong.
 */
const char *pcapng_interface_parse(const uint8_t *body, size_t size, bool swapped,
				   struct pcapng_interface *interface,
				   char name[static PCAPNG_NAME_SIZE]);

/* Nanoseconds of a time stamp, without if_tsoffset; at most 2^62. */
int64_t pcapng_time_ns(const struct pcapng_interface *interface, uint64_t units);

#endif
