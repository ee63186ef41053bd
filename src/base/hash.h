/*
 * A keyed hash of bytes.
 *
 * Tables that strangers fill (flows, groups) are keyed with a secret seed, so
 * nobody outside can choose addresses that all fall into one chain.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The 64-bit hash of size bytes under seed. All bits are well mixed: any of them
 * may serve as a table index. The value is not stable between versions of the
 * program; keep it in memory only. */
uint64_t hash_bytes(const void *bytes, size_t size, uint64_t seed);

#endif
