/*
 * A bounded row of items between two threads.
 */

#include <string.h>

#include "channel.h"


void
channel_init(channel_t *channel, size_t limit, void (*destroy)(void *item))
{
    memset(channel, 0, sizeof(channel_t));
    pthread_mutex_init(&channel->lock, NULL);
    pthread_cond_init(&channel->room, NULL);
    pthread_cond_init(&channel->filled, NULL);

    channel->limit = limit < CHANNEL_ROOM ? limit : CHANNEL_ROOM;
    channel->destroy = destroy;
}


void
channel_done(channel_t *channel)
{
    while (channel->count > 0) {
        channel->destroy(channel->items[channel->head]);
        channel->head = (channel->head + 1) % CHANNEL_ROOM;
        channel->count--;
    }

    pthread_cond_destroy(&channel->filled);
    pthread_cond_destroy(&channel->room);
    pthread_mutex_destroy(&channel->lock);
}


bool
channel_put(channel_t *channel, void *item)
{
    bool taken;

    pthread_mutex_lock(&channel->lock);

    while (channel->count >= channel->limit && !channel->broken) {
        pthread_cond_wait(&channel->room, &channel->lock);
    }

    taken = !channel->broken;
    if (taken) {
        channel->items[(channel->head + channel->count) % CHANNEL_ROOM] = item;
        channel->count++;
        pthread_cond_signal(&channel->filled);
    }

    pthread_mutex_unlock(&channel->lock);

    if (!taken) {
        channel->destroy(item);
    }

    return taken;
}


void *
channel_take(channel_t *channel)
{
    void *item = NULL;

    pthread_mutex_lock(&channel->lock);

    while (channel->count == 0 && !channel->closed && !channel->broken) {
        pthread_cond_wait(&channel->filled, &channel->lock);
    }

    if (channel->count > 0 && !channel->broken) {
        item = channel->items[channel->head];
        channel->head = (channel->head + 1) % CHANNEL_ROOM;
        channel->count--;
        pthread_cond_signal(&channel->room);
    }

    pthread_mutex_unlock(&channel->lock);

    return item;
}


void
channel_close(channel_t *channel)
{
    pthread_mutex_lock(&channel->lock);
    channel->closed = true;
    pthread_cond_broadcast(&channel->filled);
    pthread_mutex_unlock(&channel->lock);
}


void
channel_break(channel_t *channel)
{
    pthread_mutex_lock(&channel->lock);
    channel->broken = true;
    pthread_cond_broadcast(&channel->filled);
    pthread_cond_broadcast(&channel->room);
    pthread_mutex_unlock(&channel->lock);
}
