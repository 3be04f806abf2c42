/*
 * What a worker is started with: the environment and the numbers of the command line. What can not be used is said on standard
 * error, by the name that it came by.
 */

#ifndef TATOR_SETTINGS_H
#define TATOR_SETTINGS_H

#include <stdbool.h>

#include <tator/arena.h>
#include <tator/config.h>

/* The settings of the environment (config.h), in an arena that the caller destroys when he needs them no more. NULL: said. */
arena_t *settings_read(config_t *config, const char *program);

/* A whole number from minimum to maximum. `name` is where it came from. false: said, *number is as it was. */
bool settings_number(const char *name, const char *text, int minimum, int maximum, int *number);

/* The same of an environment variable; one that is absent or empty leaves *number as it is. */
bool settings_variable(const char *name, int minimum, int maximum, int *number);

/* SIGTERM and SIGINT call `stop`; a peer that hangs up is an error of the write and no signal. */
void settings_signals(void (*stop)(int number));

#endif
