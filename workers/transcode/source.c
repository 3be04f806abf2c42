/*
 * Reading a job's source by HTTP ranges or from a file.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>
#include <libavutil/error.h>
#include <libavutil/mem.h>
#include <tator/address.h>

#include "remote.h"
#include "source.h"

#define BLOCK     (4 << 20)
#define BLOCKS    4
#define TRIES     10 /* without a byte of progress, when the environment does not say */
#define REDIRECTS 5
#define PAUSE     10 /* seconds between tries, at most */
#define SLOW      1000L /* bytes a second that are too few to go on */
#define IO_BUFFER (64 << 10)

typedef struct {
    int64_t        number; /* which block of the source; -1: none */
    size_t         len;
    uint64_t       used; /* clock of the last use */
    unsigned char *data;
} block_t;

struct source_s {
    fault_t     *fault;
    unsigned     flags;
    CURL        *curl; /* NULL: a file */
    int          fd;   /* the file, or the copy of a server without ranges; -1: none */
    int          lane; /* to the broker; -1: none */
    int64_t      size; /* -1: not known yet */
    uint64_t     clock;
    block_t      blocks[BLOCKS];
    AVIOContext *io;
    int64_t      position; /* of io */
    char        *now;      /* where redirects have led; NULL: to no other place */
    bool         guarded;  /* the address must be a public one */
    char         url[];
};

/* One answer as it comes in. */
typedef struct {
    source_t *source;
    block_t  *block;
    int64_t   first;    /* the block's first byte */
    int64_t   from;     /* the first byte that was asked for */
    size_t    received; /* bytes of the block that are there */
    int64_t   total;    /* from Content-Range; -1: not told */
    long      status;   /* of HTTP; 0: none */
    CURLcode  code;
    bool      whole;   /* the server sends everything: it goes into the file */
    bool      broken;  /* it is not what was asked for */
    bool      changed; /* its size is another than before */
    bool      refused; /* the address is none that a stranger may name */
    bool      full;    /* the copy has reached the limit of files */
    char      text[CURL_ERROR_SIZE];
} answer_t;


static bool          plain_open(source_t *source, const char *url);
static bool          file_open(source_t *source, int fd, const char *path);
static block_t      *block_get(source_t *source, int64_t number);
static bool          block_fetch(source_t *source, block_t *block, int64_t number);
static bool          redirect(source_t *source, answer_t *answer);
static int           tries_wanted(void);
static bool          answer_get(answer_t *answer);
static bool          is_complete(const answer_t *answer);
static bool          answer_fault(const answer_t *answer);
static void          block_request(source_t *source, const char *range, answer_t *answer);
static bool          may_try_again(const answer_t *answer);
static curl_socket_t on_socket(void *answer, curlsocktype purpose, struct curl_sockaddr *address);
static size_t        on_header(char *data, size_t size, size_t n, void *answer);
static size_t        on_data(char *data, size_t size, size_t n, void *answer);
static int           io_read(void *source, uint8_t *data, int len);
static int64_t       io_seek(void *source, int64_t offset, int whence);


source_t *
source_open(const char *url, unsigned flags, fault_t *fault)
{
    size_t    i;
    source_t *source = calloc(1, sizeof(source_t) + strlen(url) + 1);

    if (source == NULL) {
        fault_set(fault, true, "no memory");
        return NULL;
    }

    strcpy(source->url, url);
    source->flags = flags;
    source->guarded = !(flags & SOURCE_TRUSTED);
    source->fault = fault;
    source->fd = source->lane = -1;
    source->size = -1;

    for (i = 0; i < BLOCKS; i++) {
        source->blocks[i].number = -1;
    }

    if ((flags & (SOURCE_BROKER | SOURCE_DESCRIPTOR)) ||
        (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)) {
        if (!plain_open(source, url)) {
            goto failed;
        }

        return source;
    }

    source->curl = curl_easy_init();
    if (source->curl == NULL) {
        fault_set(fault, true, "no memory");
        goto failed;
    }

    if (block_get(source, 0) == NULL) { /* tells the size */
        goto failed;
    }

    return source;

failed:

    source_close(source);

    return NULL;
}


void
source_close(source_t *source)
{
    size_t i;

    if (source == NULL) {
        return;
    }

    if (source->io != NULL) {
        av_freep(&source->io->buffer);
        avio_context_free(&source->io);
    }

    for (i = 0; i < BLOCKS; i++) {
        free(source->blocks[i].data);
    }

    if (source->fd != -1) {
        close(source->fd);
    }

    if (source->lane != -1) {
        remote_source_close(source->lane);
    }

    if (source->curl != NULL) {
        curl_easy_cleanup(source->curl);
    }

    free(source->now);
    free(source);
}


int64_t
source_size(const source_t *source)
{
    return source->size;
}


int64_t
source_read(source_t *source, int64_t offset, void *data, size_t len)
{
    size_t   at;
    ssize_t  n;
    block_t *block;

    if (source->lane != -1) {
        return remote_source_read(source->lane, offset, data, len, source->fault);
    }

    if (source->fd != -1) {
        n = pread(source->fd, data, len, offset);
        if (n < 0) {
            fault_set(source->fault, true, "the source can not be read: %s", strerror(errno));
        }

        return n;
    }

    if (offset >= source->size) {
        return 0;
    }

    block = block_get(source, offset / BLOCK);
    if (block == NULL) {
        return -1;
    }

    if (source->fd != -1) { /* found out just now that there are no ranges */
        return source_read(source, offset, data, len);
    }

    at = (size_t) (offset % BLOCK);
    if (at >= block->len) {
        return 0;
    }

    len = len < block->len - at ? len : block->len - at;
    memcpy(data, block->data + at, len);

    return (int64_t) len;
}


AVIOContext *
source_io(source_t *source)
{
    unsigned char *buffer;

    if (source->io == NULL) {
        buffer = av_malloc(IO_BUFFER);
        if (buffer == NULL) {
            return NULL;
        }

        source->io = avio_alloc_context(buffer, IO_BUFFER, 0, source, io_read, NULL, io_seek);
        if (source->io == NULL) {
            av_free(buffer);
        }
    }

    return source->io;
}


int
source_file(source_t *source)
{
    int     fd;
    char   *data;
    int64_t n, at;

    if (source->fd != -1) {
        return fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    }

    fd = source_unnamed(source->fault);
    data = malloc(BLOCK);

    if (fd == -1 || data == NULL) {
        fault_set(source->fault, true, "no memory");
        goto failed;
    }

    for (at = 0; (n = source_read(source, at, data, BLOCK)) > 0; at += n) {
        if (write(fd, data, (size_t) n) != n) {
            fault_of(source->fault, FAULT_LIMIT, false, "the source is larger than what the disk can take");
            goto failed;
        }
    }

    if (n < 0) {
        goto failed;
    }

    free(data);

    return fd;

failed:

    free(data);
    if (fd != -1) {
        close(fd);
    }

    return -1;
}


int
source_unnamed(fault_t *fault)
{
    int         fd;
    char        name[512];
    const char *folder = getenv("TMPDIR");

    snprintf(name, sizeof(name), "%s/source-XXXXXX", folder != NULL && *folder ? folder : "/tmp");
    fd = mkostemp(name, O_CLOEXEC);

    if (fd == -1 || unlink(name) != 0) {
        fault_of(fault, FAULT_MACHINE, true, "no working file can be made: %s", strerror(errno));
    }

    return fd;
}


void *
source_whole(source_t *source, size_t limit, size_t *len)
{
    char   *data;
    int64_t n;

    if (source->size > (int64_t) limit) {
        fault_set(source->fault, false, "the source has %ld bytes, at most %zu can be read", (long) source->size,
                  limit);
        return NULL;
    }

    data = malloc((size_t) source->size + 1);
    if (data == NULL) {
        fault_set(source->fault, true, "no memory");
        return NULL;
    }

    for (*len = 0; (int64_t) *len < source->size; *len += (size_t) n) {
        n = source_read(source, (int64_t) *len, data + *len, (size_t) source->size - *len);

        if (n <= 0) {
            fault_set(source->fault, true, "the source ended early");
            free(data);
            return NULL;
        }
    }

    data[*len] = '\0';

    return data;
}


/* What needs no network. */
static bool
plain_open(source_t *source, const char *url)
{
    if (source->flags & SOURCE_BROKER) {
        source->lane = remote_source_open(atoi(url), &source->size, source->fault);
        return source->lane != -1;
    }

    if (source->flags & SOURCE_DESCRIPTOR) {
        return file_open(source, fcntl(atoi(url), F_DUPFD_CLOEXEC, 0), "the working file");
    }

    if (source->flags & SOURCE_FILE) {
        return file_open(source, open(url, O_RDONLY | O_CLOEXEC), url);
    }

    return fault_of(source->fault, FAULT_REFUSED, false, "only http and https sources can be read");
}


static bool
file_open(source_t *source, int fd, const char *path)
{
    struct stat facts;

    source->fd = fd;

    if (source->fd == -1 || fstat(source->fd, &facts) != 0) {
        return fault_set(source->fault, false, "%s can not be read: %s", path, strerror(errno));
    }

    source->size = facts.st_size;

    return true;
}


/* The block from the few that are kept, else fetched in place of the one that was unused longest. */
static block_t *
block_get(source_t *source, int64_t number)
{
    size_t   i;
    block_t *block = source->blocks;

    for (i = 0; i < BLOCKS; i++) {
        if (source->blocks[i].number == number) {
            source->blocks[i].used = ++source->clock;
            return &source->blocks[i];
        }

        if (source->blocks[i].used < block->used) {
            block = &source->blocks[i];
        }
    }

    if (block->data == NULL) {
        block->data = malloc(BLOCK);
        if (block->data == NULL) {
            fault_set(source->fault, true, "no memory");
            return NULL;
        }
    }

    block->number = -1;
    if (!block_fetch(source, block, number)) {
        return NULL;
    }

    block->number = number;
    block->used = ++source->clock;

    return block;
}


/* A server may send less than was asked for (RFC 9110 §15.3.7): the rest is asked for then. */
static bool
block_fetch(source_t *source, block_t *block, int64_t number)
{
    int      try, hops = 0, tries = tries_wanted();
    size_t   before;
    answer_t answer = {.source = source, .block = block, .first = number * BLOCK, .total = -1};

    for (try = 0; try < tries; try++) {

        if (try > 0) {
            nanosleep(&(struct timespec){.tv_sec = 1 << (try - 1) < PAUSE ? 1 << (try - 1) : PAUSE}, NULL);
        }

        before = answer.received;

        if (!answer_get(&answer)) {
            return false;
        }

        if (answer.status / 100 == 3 && !answer.refused) {
            if (hops++ == REDIRECTS || !redirect(source, &answer)) {
                return fault_of(source->fault, FAULT_SOURCE, false, "the source's redirects lead nowhere");
            }

            if (!answer.refused) {
                try--;
                continue;
            }
        }

        if (is_complete(&answer) || !may_try_again(&answer)) {
            break;
        }

        if (!answer.whole && answer.received > before && answer.code != CURLE_OPERATION_TIMEDOUT) {
            try = answer.code == CURLE_OK ? -1 : 0;
        }
    }

    if (!is_complete(&answer)) {
        return answer_fault(&answer);
    }

    block->len = answer.received;

    if (answer.whole) {
        source->size = lseek(source->fd, 0, SEEK_END);
        block->len = 0;

    } else if (answer.total >= 0) {
        source->size = answer.total;
    }

    return source->size > 0 || fault_set(source->fault, false, "the source is empty");
}


static int
tries_wanted(void)
{
    const char *wanted = getenv("TATOR_TRANSCODE_TRIES");
    int         tries = wanted != NULL ? atoi(wanted) : 0;

    return tries > 0 ? tries : TRIES;
}


/* One request, for what is still missing of the block. false: it can not even be asked, the fault is noted. */
static bool
answer_get(answer_t *answer)
{
    char      range[64];
    source_t *source = answer->source;

    if (answer->whole) {
        answer->received = 0;
        if (ftruncate(source->fd, 0) != 0 || lseek(source->fd, 0, SEEK_SET) != 0) {
            return fault_set(source->fault, true, "the working file can not be written: %s", strerror(errno));
        }
    }

    answer->from = answer->first + (int64_t) answer->received;
    answer->text[0] = '\0';
    answer->status = 0;
    snprintf(range, sizeof(range), "%ld-%ld", (long) answer->from, (long) (answer->first + BLOCK - 1));
    block_request(source, range, answer);

    answer->code = curl_easy_perform(source->curl);
    curl_easy_getinfo(source->curl, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_setopt(source->curl, CURLOPT_ERRORBUFFER, NULL);

    return true;
}


static bool
is_complete(const answer_t *answer)
{
    return answer->code == CURLE_OK && answer->status / 100 == 2 && !answer->refused &&
           (answer->whole || answer->total < 0 || answer->received == BLOCK ||
            answer->first + (int64_t) answer->received >= answer->total);
}


/* Why there is no block. Always false. */
static bool
answer_fault(const answer_t *answer)
{
    long     status = answer->status;
    fault_t *fault = answer->source->fault;

    if (answer->refused) {
        return fault_of(fault, FAULT_REFUSED, false, "the source is at a private address");
    }

    if (answer->full) {
        return fault_of(fault, FAULT_LIMIT, false, "the source is larger than what the disk can take");
    }

    if (answer->changed) {
        return fault_of(fault, FAULT_SOURCE, false, "the source has changed while it was read");
    }

    if (answer->broken) {
        return fault_of(fault, FAULT_SOURCE, false, "the source can not be read: its server sends another part than was asked for");
    }

    if (status == 416 && answer->first == 0) {
        return fault_set(fault, false, "the source is empty");
    }

    if (status >= 400) {
        return fault_of(fault, FAULT_SOURCE, may_try_again(answer), "the source can not be read: its server answers %ld", status);
    }

    return fault_of(fault, FAULT_SOURCE, may_try_again(answer), "the source can not be read: %s",
                    answer->text[0] ? answer->text
                                    : answer->code == CURLE_OK ? "its server sends parts of nothing" : curl_easy_strerror(answer->code));
}


/* Where the answer sends us. An address there must be public, unless it is of the first one's origin and that is trusted, or configured. */
static bool
redirect(source_t *source, answer_t *answer)
{
    char       *url = NULL;
    bool        listed;
    const char *origins = getenv("SERVER_SIDE_REQUEST_ORIGINS");

    curl_easy_getinfo(source->curl, CURLINFO_REDIRECT_URL, &url);

    if (url == NULL || (url = strdup(url)) == NULL) {
        return false;
    }

    listed = address_origin_listed(origins, url) || ((source->flags & SOURCE_TRUSTED) && address_same_origin(source->url, url));

    if (!listed && origins != NULL && origins[strspn(origins, " ,")] != '\0') {
        answer->refused = true;
    }

    free(source->now);
    source->now = url;
    source->guarded = !listed;
    answer->received = 0;

    return true;
}


static void
block_request(source_t *source, const char *range, answer_t *answer)
{
    CURL       *curl = source->curl;
    const char *url = source->now != NULL ? source->now : source->url;

    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_RANGE, range);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 20L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, SLOW);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, 60L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, answer->text);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "tator-transcode");
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, answer);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, answer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
}


static bool
may_try_again(const answer_t *answer)
{
    if (answer->broken || answer->changed || answer->refused || answer->full) {
        return false;
    }

    switch (answer->code) {
    case CURLE_HTTP_RETURNED_ERROR:
        return answer->status >= 500 || answer->status == 429;
    case CURLE_OUT_OF_MEMORY:
    case CURLE_OK: /* a part */
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_PARTIAL_FILE:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}


/* Asked for what a name really resolved to, for each connection. */
static curl_socket_t
on_socket(void *closure, curlsocktype purpose, struct curl_sockaddr *address)
{
    answer_t *answer = closure;

    (void) purpose;

    if (answer->source->guarded && !address_public(&address->addr)) {
        answer->refused = true;
        return CURL_SOCKET_BAD;
    }

    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}


/* Content-Range: bytes FIRST-LAST/TOTAL. */
static size_t
on_header(char *data, size_t size, size_t n, void *closure)
{
    char      line[128], *slash;
    long      first;
    int64_t   total;
    answer_t *answer = closure;

    size *= n;

    if (size < sizeof(line) && strncasecmp(data, "Content-Range:", 14) == 0) {
        memcpy(line, data, size);
        line[size] = '\0';

        answer->broken |= sscanf(line + 14, " bytes %ld-", &first) == 1 && first != answer->from;

        slash = strchr(line, '/');
        if (slash != NULL && slash[1] >= '0' && slash[1] <= '9') {
            total = strtoll(slash + 1, NULL, 10);
            answer->changed |= (answer->source->size >= 0 && total != answer->source->size) || (answer->total >= 0 && total != answer->total);
            answer->total = total;
        }
    }

    return size;
}


static size_t
on_data(char *data, size_t size, size_t n, void *closure)
{
    long      status = 0;
    answer_t *answer = closure;
    source_t *source = answer->source;

    size *= n;

    curl_easy_getinfo(source->curl, CURLINFO_RESPONSE_CODE, &status);

    if (status / 100 == 3) { /* a redirect's own text */
        return size;
    }

    if (answer->broken || answer->changed) {
        return 0;
    }

    if (status == 200 && !answer->whole) {
        answer->whole = true;
        source->fd = source_unnamed(source->fault);

        if (source->fd == -1) {
            answer->broken = true;
            return 0;
        }
    }

    if (answer->whole) {
        if (write(source->fd, data, size) != (ssize_t) size) {
            answer->full = true;
            return 0;
        }

    } else {
        if (size > BLOCK - answer->received) {
            answer->broken = true;
            return 0;
        }

        memcpy(answer->block->data + answer->received, data, size);
    }

    answer->received += size;

    return size;
}


static int
io_read(void *closure, uint8_t *data, int len)
{
    source_t *source = closure;
    int64_t   n = source_read(source, source->position, data, (size_t) len);

    if (n <= 0) {
        return n == 0 ? AVERROR_EOF : AVERROR(EIO);
    }

    source->position += n;

    return (int) n;
}


static int64_t
io_seek(void *closure, int64_t offset, int whence)
{
    source_t *source = closure;

    switch (whence & ~AVSEEK_FORCE) {
    case AVSEEK_SIZE:
        return source->size;
    case SEEK_SET:
        break;
    case SEEK_CUR:
        offset += source->position;
        break;
    case SEEK_END:
        offset += source->size;
        break;
    default:
        return AVERROR(EINVAL);
    }

    if (offset < 0) {
        return AVERROR(EINVAL);
    }

    source->position = offset;

    return offset;
}
