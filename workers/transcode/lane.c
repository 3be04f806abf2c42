/*
 * Messages between a job's two processes.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lane.h"

typedef struct {
    uint32_t what, len;
    int64_t  a, b;
} head_t;


static bool read_all(int lane, void *data, size_t len);


bool
lane_send(int lane, uint32_t what, int64_t a, int64_t b, const void *data, size_t len)
{
    head_t       head = {.what = what, .len = (uint32_t) len, .a = a, .b = b};
    ssize_t      n;
    struct iovec parts[2] = {{&head, sizeof(head)}, {(void *) data, len}}, *part = parts;

    if (len > LANE_LIMIT) {
        return false;
    }

    while (part < parts + 2) {
        if (part->iov_len == 0) {
            part++;
            continue;
        }

        n = writev(lane, part, (int) (parts + 2 - part));

        if (n < 0) {
            if (errno == EINTR) {
                continue;
            }

            return false;
        }

        while (n > 0) {
            if ((size_t) n >= part->iov_len) {
                n -= (ssize_t) part->iov_len;
                part->iov_len = 0;
                part++;
            } else {
                part->iov_base = (char *) part->iov_base + n;
                part->iov_len -= (size_t) n;
                n = 0;
            }
        }
    }

    return true;
}


bool
lane_receive(int lane, lane_message_t *message)
{
    char  *grown;
    head_t head;

    if (!read_all(lane, &head, sizeof(head)) || head.len > LANE_LIMIT) {
        return false;
    }

    if (head.len + 1UL > message->room) {
        grown = realloc(message->data, head.len + 1UL);
        if (grown == NULL) {
            return false;
        }

        message->data = grown;
        message->room = head.len + 1UL;
    }

    message->what = head.what;
    message->len = head.len;
    message->a = head.a;
    message->b = head.b;
    message->data[head.len] = '\0';

    return read_all(lane, message->data, head.len);
}


static bool
read_all(int lane, void *data, size_t len)
{
    char   *at = data;
    ssize_t n;

    while (len > 0) {
        n = read(lane, at, len);

        if (n < 0 && errno == EINTR) {
            continue;
        }

        if (n <= 0) {
            return false;
        }

        at += n;
        len -= (size_t) n;
    }

    return true;
}
