/*
 * Runs a fuzz target over its corpus, in builds without libFuzzer.
 *
 *	replay PATH...
 *
 * Each path is an input, or a folder of inputs. What the fuzzer once found is so
 * tested in each run, by any compiler. The input's name is written before it is
 * run, so that the last one written is the one that failed.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void fail(const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	exit(1);
}

static void replay_file(const char *path, size_t length)
{
	/* Of the exact size, so that the sanitizer sees the first byte behind it. */
	uint8_t *bytes = malloc(length > 0 ? length : 1);
	FILE *file = fopen(path, "rb");

	if (!bytes || !file || fread(bytes, 1, length, file) != length)
		fail(path);
	fclose(file);
	printf("%s\n", path);
	fflush(stdout);
	LLVMFuzzerTestOneInput(bytes, length);
	free(bytes);
}

static size_t replay(const char *path);

static int is_input(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t replay_folder(const char *path)
{
	struct dirent **entries;
	int count = scandir(path, &entries, is_input, alphasort);
	size_t done = 0;

	if (count < 0)
		fail(path);
	for (int i = 0; i < count; i++) {
		char *name;

		if (asprintf(&name, "%s/%s", path, entries[i]->d_name) < 0)
			fail(path);
		done += replay(name);
		free(name);
		free(entries[i]);
	}
	free(entries);
	return done;
}

static size_t replay(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		fail(path);
	if (S_ISDIR(status.st_mode))
		return replay_folder(path);
	replay_file(path, (size_t)status.st_size);
	return 1;
}

int main(int argc, char **argv)
{
	size_t done = 0;

	for (int i = 1; i < argc; i++)
		done += replay(argv[i]);
	if (done == 0) {
		printf("there is no input to replay\n");
		return 77;
	}
	printf("%zu inputs replayed\n", done);
	return 0;
}
