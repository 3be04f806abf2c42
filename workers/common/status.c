/*
 * A very small HTTP server: one request a connection, two paths.
 */

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "log.h"
#include "status.h"

static int listening = -1;
static bool (*is_healthy)(void);
static void (*write_metrics)(FILE *out);


static void *serve(void *unused);
static void  answer(int client);


bool
status_serve(int port, bool (*healthy)(void), void (*metrics)(FILE *out))
{
    int                 on = 1;
    pthread_t           thread;
    struct sockaddr_in6 address = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t) port), .sin6_addr = in6addr_any};
    struct sockaddr_in old = {.sin_family = AF_INET, .sin_port = htons((uint16_t) port)};

    if (port <= 0) {
        return true;
    }

    is_healthy = healthy;
    write_metrics = metrics;

    listening = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listening != -1) {
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    }

    if (listening == -1 || bind(listening, (struct sockaddr *) &address, sizeof(address)) != 0) {
        if (listening != -1) {
            close(listening);
        }

        listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));

        if (listening == -1 || bind(listening, (struct sockaddr *) &old, sizeof(old)) != 0) {
            return false;
        }
    }

    if (listen(listening, 16) != 0 || pthread_create(&thread, NULL, serve, NULL) != 0) {
        return false;
    }

    pthread_detach(thread);

    return true;
}


static void *
serve(void *unused)
{
    int            client;
    struct timeval limit = {.tv_sec = 2};

    (void) unused;

    for (;;) {
        client = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
        if (client == -1) {
            usleep(100000);
            continue;
        }

        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
        answer(client);
        close(client);
    }

    return NULL;
}


static void
answer(int client)
{
    char        request[2048], head[160], *body = NULL;
    FILE       *out;
    size_t      len = 0;
    ssize_t     n;
    const char *status = "200 OK";

    n = recv(client, request, sizeof(request) - 1, 0);
    if (n <= 0) {
        return;
    }

    request[n] = '\0';

    out = open_memstream(&body, &len);
    if (out == NULL) {
        return;
    }

    if (strncmp(request, "GET /metrics ", 13) == 0) {
        write_metrics(out);

    } else if (strncmp(request, "GET /healthz ", 13) == 0) {
        status = is_healthy() ? status : "503 Service Unavailable";
        fputs(is_healthy() ? "ok\n" : "not well\n", out);

    } else {
        status = "404 Not Found";
    }

    fclose(out);

    snprintf(
        head, sizeof(head),
        "HTTP/1.0 %s\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
        status, len);

    if (send(client, head, strlen(head), MSG_NOSIGNAL) == (ssize_t) strlen(head) &&
        send(client, body, len, MSG_NOSIGNAL) < 0) {
        log_debug("a reader of the status went away");
    }

    free(body);
}
