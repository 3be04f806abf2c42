/*
 * Blocking Redis commands by hiredis.
 */

#include <stdlib.h>
#include <string.h>

#include <hiredis/hiredis.h>

#include "log.h"
#include "redis_client.h"

struct redis_client_s {
    const config_t *config;
    redisContext   *context;
    bool            lost; /* said so already */
};


static bool connect_now(redis_client_t *client, int seconds);
static void disconnect(redis_client_t *client, const char *reason);
static void copy(arena_t *arena, redis_value_t *value, const redisReply *reply);


redis_client_t *
redis_client_create(const config_t *config)
{
    redis_client_t *client = calloc(1, sizeof(redis_client_t));

    if (client != NULL) {
        client->config = config;
    }

    return client;
}


void
redis_client_destroy(redis_client_t *client)
{
    if (client != NULL) {
        if (client->context != NULL) {
            redisFree(client->context);
        }

        free(client);
    }
}


redis_value_t *
redis_client_run(redis_client_t *client, arena_t *arena, const redis_args_t *args, int seconds)
{
    redisReply    *reply;
    redis_value_t *value;

    if (!connect_now(client, seconds)) {
        return NULL;
    }

    reply = redisCommandArgv(client->context, args->argc, args->argv, args->lengths);
    if (reply == NULL) {
        disconnect(client, client->context->errstr);
        return NULL;
    }

    value = arena_zalloc(arena, sizeof(redis_value_t));
    copy(arena, value, reply);
    freeReplyObject(reply);

    return value;
}


static bool
connect_now(redis_client_t *client, int seconds)
{
    redisReply    *reply;
    const char    *password = client->config->redis_password;
    struct timeval limit = {.tv_sec = seconds};

    if (client->context == NULL) {
        client->context = redisConnectWithTimeout(client->config->redis_host, client->config->redis_port,
                                                  (struct timeval){.tv_sec = 5});

        if (client->context == NULL || client->context->err) {
            disconnect(client, client->context ? client->context->errstr : "no memory");
            return false;
        }

        redisEnableKeepAlive(client->context);

        if (password != NULL && *password) {
            redisSetTimeout(client->context, (struct timeval){.tv_sec = 5});
            reply = redisCommand(client->context, "AUTH %s", password);

            if (reply == NULL || reply->type == REDIS_REPLY_ERROR) {
                disconnect(client, reply ? reply->str : client->context->errstr);
                freeReplyObject(reply);
                return false;
            }

            freeReplyObject(reply);
        }

        if (client->lost) {
            log_info("Redis is back");
        }

        client->lost = false;
    }

    return redisSetTimeout(client->context, limit) == REDIS_OK;
}


static void
disconnect(redis_client_t *client, const char *reason)
{
    if (!client->lost) {
        log_warning("Redis at %s:%d can not be reached: %s", client->config->redis_host, client->config->redis_port,
                    reason);
    }

    if (client->context != NULL) {
        redisFree(client->context);
    }

    client->context = NULL;
    client->lost = true;
}


static void
copy(arena_t *arena, redis_value_t *value, const redisReply *reply)
{
    size_t i;

    switch (reply->type) {
    case REDIS_REPLY_INTEGER:
        value->type = REDIS_INTEGER;
        value->integer = reply->integer;
        return;

    case REDIS_REPLY_NIL:
        value->type = REDIS_NIL;
        return;

    case REDIS_REPLY_ARRAY:
        value->type = REDIS_LIST;
        value->n = reply->elements;
        value->items = arena_zalloc(arena, (reply->elements + 1) * sizeof(redis_value_t));

        for (i = 0; i < reply->elements; i++) {
            copy(arena, &value->items[i], reply->element[i]);
        }

        return;

    default:
        value->type = reply->type == REDIS_REPLY_ERROR    ? REDIS_FAULT
                      : reply->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                          : REDIS_TEXT;
        value->len = (size_t) reply->len;
        value->text = arena_copy(arena, reply->str, value->len);
    }
}
