/*
 * A bounded row of frames or packets between two threads. Life: the giver puts items and closes; the taker takes until
 * NULL. channel_break() ends both sides at once, for when the job has failed; what is left in it channel_done() frees.
 */

#ifndef TRANSCODE_CHANNEL_H
#define TRANSCODE_CHANNEL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define CHANNEL_ROOM 1024

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t  room, filled;
    void           *items[CHANNEL_ROOM];
    size_t          head, count, limit;
    bool            closed, broken;
    void (*destroy)(void *item);
} channel_t;

/* At most `limit` items wait in it; `destroy` frees an item that nobody took. */
void channel_init(channel_t *channel, size_t limit, void (*destroy)(void *item));
void channel_done(channel_t *channel);

/* Waits for room. Takes the item over in any case; false: broken. */
bool channel_put(channel_t *channel, void *item);

/* Waits for an item; NULL: closed and empty, or broken. */
void *channel_take(channel_t *channel);

void channel_close(channel_t *channel);
void channel_break(channel_t *channel);

#endif
