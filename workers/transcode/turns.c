/*
 * Turns of threads.
 */

#include <string.h>

#include "turns.h"


void
turns_init(turns_t *turns)
{
    pthread_mutex_init(&turns->lock, NULL);
    pthread_cond_init(&turns->passed, NULL);
    memset(turns->over, 0, sizeof(turns->over));
}


void
turns_done(turns_t *turns)
{
    pthread_cond_destroy(&turns->passed);
    pthread_mutex_destroy(&turns->lock);
}


void
turns_wait(turns_t *turns, size_t number)
{
    size_t i;

    pthread_mutex_lock(&turns->lock);

    for (i = 0; i < number; i++) {
        while (!turns->over[i]) {
            pthread_cond_wait(&turns->passed, &turns->lock);
        }
    }

    pthread_mutex_unlock(&turns->lock);
}


void
turns_pass(turns_t *turns, size_t number)
{
    pthread_mutex_lock(&turns->lock);
    turns->over[number] = true;
    pthread_cond_broadcast(&turns->passed);
    pthread_mutex_unlock(&turns->lock);
}
