/*
 * What a worker is started with (settings.h).
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "settings.h"


arena_t *
settings_read(config_t *config, const char *program)
{
    arena_t    *arena = arena_create(NULL, NULL);
    const char *problem;

    if (arena == NULL) {
        fprintf(stderr, "%s: no memory\n", program);
        return NULL;
    }

    problem = config_read(config, arena);
    if (problem != NULL) {
        fprintf(stderr, "%s: the value of %s can not be used\n", program, problem);
        arena_destroy(arena);
        return NULL;
    }

    return arena;
}


bool
settings_number(const char *name, const char *text, int minimum, int maximum, int *number)
{
    long  value;
    char *end;

    errno = 0;
    value = strtol(text, &end, 10);

    if (end == text || *end != '\0' || errno != 0 || value < minimum || value > maximum) {
        fprintf(stderr, "%s: \"%s\" is no whole number from %d to %d\n", name, text, minimum, maximum);
        return false;
    }

    *number = (int) value;

    return true;
}


bool
settings_variable(const char *name, int minimum, int maximum, int *number)
{
    const char *text = getenv(name);

    return text == NULL || *text == '\0' || settings_number(name, text, minimum, maximum, number);
}


void
settings_signals(void (*stop)(int number))
{
    sigaction(SIGTERM, &(struct sigaction){.sa_handler = stop}, NULL);
    sigaction(SIGINT, &(struct sigaction){.sa_handler = stop}, NULL);
    signal(SIGPIPE, SIG_IGN);
}
