/*
 * Redis for workers: one blocking connection that comes back by itself.
 */

#ifndef TATOR_REDIS_CLIENT_H
#define TATOR_REDIS_CLIENT_H

#include <tator/arena.h>
#include <tator/config.h>
#include <tator/redis_value.h>

typedef struct redis_client_s redis_client_t;

/* Connects when it is first needed. `config` must outlive it. NULL: no memory. */
redis_client_t *redis_client_create(const config_t *config);
void            redis_client_destroy(redis_client_t *client);

/* Run one command, waiting at most `seconds`; the answer lives in the arena and may be REDIS_FAULT. NULL: Redis can not be reached. */
redis_value_t *redis_client_run(redis_client_t *client, arena_t *arena, const redis_args_t *args, int seconds);

#endif
