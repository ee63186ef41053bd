/*
 * One line on standard error: see complain.h.
 */
#include "system/message.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SENTENCE 1024
#define KEPT     8

static struct {
	pthread_mutex_t lock;
	bool holding;
	void (*say)(const char *sentence); /* NULL: standard error */
	char first[KEPT][SENTENCE];
	char last[SENTENCE];
	uint64_t count;
} voice = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void say(const char *sentence)
{
	if (voice.say)
		voice.say(sentence);
	else
		fprintf(stderr, "tcpmetro: %s\n", sentence);
}

static void keep(const char *sentence)
{
	if (voice.count < KEPT)
		strcpy(voice.first[voice.count], sentence);
	strcpy(voice.last, sentence);
	voice.count++;
}

void message_print(const char *format, ...)
{
	char sentence[SENTENCE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	for (char *at = sentence; *at; at++)
		if ((unsigned char)*at < ' ' || *at == 127)
			*at = '?';
	pthread_mutex_lock(&voice.lock);
	if (voice.holding)
		keep(sentence);
	else
		say(sentence);
	pthread_mutex_unlock(&voice.lock);
}

void message_hold(bool hold)
{
	char more[64];

	pthread_mutex_lock(&voice.lock);
	voice.holding = hold;
	for (uint64_t i = 0; !hold && i < voice.count && i < KEPT; i++)
		say(voice.first[i]);
	if (!hold && voice.count > KEPT + 1) {
		snprintf(more, sizeof(more), "... and %llu more",
			 (unsigned long long)(voice.count - KEPT - 1));
		say(more);
	}
	if (!hold && voice.count > KEPT)
		say(voice.last);
	if (!hold) {
		voice.count = 0;
		voice.last[0] = '\0';
	}
	pthread_mutex_unlock(&voice.lock);
}

void message_redirect(void (*say_instead)(const char *sentence))
{
	pthread_mutex_lock(&voice.lock);
	voice.say = say_instead;
	pthread_mutex_unlock(&voice.lock);
}

void message_latest(char *sentence, size_t size)
{
	pthread_mutex_lock(&voice.lock);
	snprintf(sentence, size, "%s", voice.last);
	pthread_mutex_unlock(&voice.lock);
}
