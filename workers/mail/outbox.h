/*
 * The outbox: takes messages that are due, sends them, deletes what went, and puts off what did not. Several workers may run: a message is in
 * the hands of one, and when that one dies it is due again a while later, so that it goes at least once.
 */

#ifndef MAIL_OUTBOX_H
#define MAIL_OUTBOX_H

#include <stdio.h>

#include "common/database.h"

/* Send one message that is due. 1: there was one, 0: none is due, -1: the database does not answer. */
int outbox_step(database_t *database);

/* Milliseconds until the next one is due, at most `otherwise`. */
int outbox_next(database_t *database, int otherwise);

/* Prometheus text of what this process did and of what waits as of the last outbox_next(); from any thread. */
void outbox_metrics(FILE *out);

#endif
