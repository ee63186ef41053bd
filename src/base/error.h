/*
 * One sentence for a person: what went wrong, with which thing, and the cure.
 *
 * Functions return a negative errno; those whose failure a person must read
 * also take a struct error and fill it. It never owns memory.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[512];
};

/* Writes the sentence (cut if too long) and returns -errnum, so that a caller can
 * write `return error_set(error, EINVAL, "...")`. error may be NULL. */
int error_set(struct error *error, int errnum, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
