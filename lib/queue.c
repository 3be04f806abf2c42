/*
 * Commands and answers of the queue.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tator/queue.h>

#define KEEP_SUCCEEDED "500"
#define KEEP_FAILED    "31536000"
#define GROUP          "workers"
#define ARGUMENTS      24

enum { FIELD_UID, FIELD_GID, FIELD_SPEC, FIELD_STATUS, FIELD_MESSAGE, FIELD_USER, FIELD_PROJECT, FIELD_START, FIELD_STOP, FIELD_PROGRESS,
       FIELD_ATTEMPTS, FIELDS };

#define FIELD_NAMES "'uid','gid','spec','status','message','user','project','start_time','stop_time','progress','attempts'"

static const char *const names[] = {"transcodes", "images"};

/* queue uid gid spec user project now indexed keep */
static const char script_enqueue[] =
    "local job = 'tator:job:' .. ARGV[2]\n"
    "local status = redis.call('HGET', job, 'status')\n"
    "if status == 'pending' or status == 'running' then return 0 end\n"
    "redis.call('DEL', job)\n"
    "local entry = redis.call('XADD', 'tator:queue:' .. ARGV[1], '*', 'uid', ARGV[2])\n"
    "redis.call('HSET', job, 'uid', ARGV[2], 'gid', ARGV[3], 'spec', ARGV[4], 'status', 'pending', 'user', ARGV[5], 'project', ARGV[6],\n"
    "    'start_time', ARGV[7], 'progress', '0', 'attempts', '0', 'queue', ARGV[1], 'entry', entry)\n"
    "if ARGV[8] == '1' then\n"
    "    local when = string.match(entry, '^%d+')\n"
    "    for _, index in ipairs({'project:' .. ARGV[6], 'gid:' .. ARGV[3]}) do\n"
    "        redis.call('ZADD', 'tator:jobs:' .. index, when, ARGV[2])\n"
    "        redis.call('EXPIRE', 'tator:jobs:' .. index, ARGV[9])\n"
    "    end\n"
    "end\n"
    "return 1\n";

/* index */
static const char script_list[] =
    "local index, jobs = 'tator:jobs:' .. ARGV[1], {}\n"
    "for _, uid in ipairs(redis.call('ZRANGE', index, 0, -1)) do\n"
    "    local job = redis.call('HMGET', 'tator:job:' .. uid, " FIELD_NAMES ")\n"
    "    if job[1] and job[4] ~= 'canceled' then jobs[#jobs + 1] = job else redis.call('ZREM', index, uid) end\n"
    "end\n"
    "return jobs\n";

/* now keep uid… */
static const char script_cancel[] =
    "local results = {}\n"
    "for i = 3, #ARGV do\n"
    "    local job = 'tator:job:' .. ARGV[i]\n"
    "    local facts = redis.call('HMGET', job, 'status', 'entry', 'queue', 'project', 'gid')\n"
    "    if not facts[1] then results[#results + 1] = 0\n"
    "    elseif facts[1] == 'canceled' then results[#results + 1] = -1\n"
    "    else\n"
    "        if facts[1] == 'pending' then\n"
    "            redis.call('XACK', 'tator:queue:' .. facts[3], '" GROUP "', facts[2])\n"
    "            redis.call('XDEL', 'tator:queue:' .. facts[3], facts[2])\n"
    "        end\n"
    "        redis.call('HSET', job, 'status', 'canceled', 'stop_time', ARGV[1])\n"
    "        redis.call('EXPIRE', job, ARGV[2])\n"
    "        redis.call('ZREM', 'tator:jobs:project:' .. facts[4], ARGV[i])\n"
    "        redis.call('ZREM', 'tator:jobs:gid:' .. facts[5], ARGV[i])\n"
    "        results[#results + 1] = 1\n"
    "    end\n"
    "end\n"
    "return results\n";

/* What the workers' scripts begin with: queue uid entry worker … */
#define TICKET                                                        \
    "local queue, job = 'tator:queue:' .. ARGV[1], 'tator:job:' .. ARGV[2]\n" \
    "local entry, worker = ARGV[3], ARGV[4]\n"                        \
    "local function drop()\n"                                         \
    "    redis.call('XACK', queue, '" GROUP "', entry)\n"             \
    "    redis.call('XDEL', queue, entry)\n"                          \
    "end\n"

/* … now tries keep */
static const char script_begin[] =
    TICKET
    "local facts = redis.call('HMGET', job, 'status', 'attempts', 'entry', 'message', 'spec')\n"
    "if (facts[1] ~= 'pending' and facts[1] ~= 'running') or facts[3] ~= entry then drop() return {0} end\n"
    "local attempt = tonumber(facts[2]) + 1\n"
    "if attempt > tonumber(ARGV[6]) then\n"
    "    local message = 'given up after ' .. ARGV[6] .. ' tries: ' .. (facts[4] or 'its worker ended each time')\n"
    "    redis.call('HSET', job, 'status', 'failed', 'message', message, 'stop_time', ARGV[5])\n"
    "    redis.call('EXPIRE', job, ARGV[7])\n"
    "    drop()\n"
    "    return {-1, message}\n"
    "end\n"
    "redis.call('HSET', job, 'status', 'running', 'worker', worker, 'attempts', attempt, 'progress', '0')\n"
    "return {attempt, facts[5]}\n";

/* … progress */
static const char script_beat[] =
    TICKET
    "local facts = redis.call('HMGET', job, 'status', 'worker')\n"
    "if not facts[1] or facts[2] ~= worker then return 'lost' end\n"
    "if facts[1] ~= 'running' then return facts[1] end\n"
    "redis.call('XCLAIM', queue, '" GROUP "', worker, 0, entry, 'JUSTID')\n"
    "redis.call('HSET', job, 'progress', ARGV[5])\n"
    "return 'running'\n";

/* … status message now keep */
static const char script_finish[] =
    TICKET
    "local facts = redis.call('HMGET', job, 'status', 'worker')\n"
    "if facts[1] and facts[2] ~= worker then return 0 end\n"
    "drop()\n"
    "if facts[1] ~= 'running' then return 0 end\n"
    "redis.call('HSET', job, 'status', ARGV[5], 'stop_time', ARGV[7])\n"
    "if ARGV[6] ~= '' then redis.call('HSET', job, 'message', ARGV[6]) else redis.call('HDEL', job, 'message') end\n"
    "if ARGV[5] == 'succeeded' then redis.call('HSET', job, 'progress', '1') end\n"
    "redis.call('EXPIRE', job, ARGV[8])\n"
    "return 1\n";

/* … idle uncounted message */
static const char script_release[] =
    TICKET
    "local facts = redis.call('HMGET', job, 'status', 'worker')\n"
    "if facts[1] and facts[2] ~= worker then return 0 end\n"
    "if facts[1] ~= 'running' then drop() return 0 end\n"
    "redis.call('HSET', job, 'status', 'pending', 'worker', '', 'progress', '0')\n"
    "if ARGV[6] == '1' then redis.call('HINCRBY', job, 'attempts', -1) end\n"
    "if ARGV[7] ~= '' then redis.call('HSET', job, 'message', ARGV[7]) end\n"
    "redis.call('XCLAIM', queue, '" GROUP "', worker, 0, entry, 'IDLE', ARGV[5], 'JUSTID')\n"
    "return 1\n";


static redis_args_t *args_new(arena_t *arena, size_t room);
static void          args_add(redis_args_t *args, const char *text);
static redis_args_t *script(arena_t *arena, const char *text);
static redis_args_t *ticket_script(arena_t *arena, const char *text, const ticket_t *ticket, const char *worker);
static char         *stream(arena_t *arena, queue_t queue);
static bool          entry_read(arena_t *arena, queue_t queue, const redis_value_t *entry, ticket_t *ticket);
static job_t        *job_read(arena_t *arena, job_t *job, const redis_value_t *fields);
static const char   *text_of(arena_t *arena, const redis_value_t *value);
static int64_t       number_of(const redis_value_t *value);


char *
queue_now(arena_t *arena)
{
    char            text[32];
    struct tm       parts;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);

    return arena_format(arena, "%s.%06ld", text, now.tv_nsec / 1000);
}


const char *
queue_name(queue_t queue)
{
    return names[queue];
}


redis_args_t *
queue_enqueue(arena_t *arena, queue_t queue, const job_t *job)
{
    redis_args_t *args = script(arena, script_enqueue);

    args_add(args, names[queue]);
    args_add(args, job->uid);
    args_add(args, job->gid ? job->gid : "");
    args_add(args, job->spec);
    args_add(args, arena_format(arena, "%ld", (long) job->user));
    args_add(args, arena_format(arena, "%ld", (long) job->project));
    args_add(args, queue_now(arena));
    args_add(args, queue == QUEUE_TRANSCODES ? "1" : "0");
    args_add(args, KEEP_FAILED);

    return args;
}


bool
queue_enqueued(const redis_value_t *answer)
{
    return answer->type == REDIS_INTEGER && answer->integer == 1;
}


redis_args_t *
queue_list(arena_t *arena, int64_t project, const char *gid)
{
    redis_args_t *args = script(arena, script_list);

    args_add(args, gid != NULL ? arena_format(arena, "gid:%s", gid) : arena_format(arena, "project:%ld", (long) project));

    return args;
}


job_t *
queue_listed(arena_t *arena, const redis_value_t *answer, size_t *n)
{
    size_t i;
    job_t *jobs;

    *n = 0;
    jobs = arena_zalloc(arena, (answer->n + 1) * sizeof(job_t));

    for (i = 0; answer->type == REDIS_LIST && i < answer->n; i++) {
        if (job_read(arena, &jobs[*n], &answer->items[i]) != NULL) {
            (*n)++;
        }
    }

    return jobs;
}


redis_args_t *
queue_get(arena_t *arena, const char *uid)
{
    redis_args_t *args = script(arena, "return redis.call('HMGET', 'tator:job:' .. ARGV[1], " FIELD_NAMES ")");

    args_add(args, uid);

    return args;
}


job_t *
queue_got(arena_t *arena, const redis_value_t *answer)
{
    return job_read(arena, arena_zalloc(arena, sizeof(job_t)), answer);
}


redis_args_t *
queue_cancel(arena_t *arena, const char *const *uids, size_t n)
{
    size_t        i;
    redis_args_t *args = args_new(arena, n + ARGUMENTS);

    args_add(args, "EVAL");
    args_add(args, script_cancel);
    args_add(args, "0");
    args_add(args, queue_now(arena));
    args_add(args, KEEP_SUCCEEDED);

    for (i = 0; i < n; i++) {
        args_add(args, uids[i]);
    }

    return args;
}


bool
queue_canceled(const redis_value_t *answer, int *problem)
{
    size_t i;

    for (i = 0; answer->type == REDIS_LIST && i < answer->n; i++) {
        if (answer->items[i].integer != 1) {
            *problem = (int) answer->items[i].integer;
            return false;
        }
    }

    *problem = 0;

    return answer->type == REDIS_LIST;
}


redis_args_t *
queue_group(arena_t *arena, queue_t queue)
{
    redis_args_t *args = args_new(arena, ARGUMENTS);

    args_add(args, "XGROUP");
    args_add(args, "CREATE");
    args_add(args, stream(arena, queue));
    args_add(args, GROUP);
    args_add(args, "0");
    args_add(args, "MKSTREAM");

    return args;
}


redis_args_t *
queue_take(arena_t *arena, const bool queues[QUEUE_KINDS], const char *worker, int wait)
{
    int           queue, n = 0;
    redis_args_t *args = args_new(arena, ARGUMENTS);

    args_add(args, "XREADGROUP");
    args_add(args, "GROUP");
    args_add(args, GROUP);
    args_add(args, worker);
    args_add(args, "COUNT");
    args_add(args, "1");

    if (wait > 0) {
        args_add(args, "BLOCK");
        args_add(args, arena_format(arena, "%d", wait));
    }

    args_add(args, "STREAMS");

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        if (queues[queue]) {
            args_add(args, stream(arena, (queue_t) queue));
            n++;
        }
    }

    while (n-- > 0) {
        args_add(args, ">");
    }

    return args;
}


size_t
queue_taken(arena_t *arena, const redis_value_t *answer, ticket_t tickets[QUEUE_KINDS])
{
    int                  queue;
    size_t               i, n = 0;
    const redis_value_t *one;

    for (i = 0; answer->type == REDIS_LIST && i < answer->n && n < QUEUE_KINDS; i++) {
        one = &answer->items[i];

        for (queue = 0; one->n == 2 && queue < QUEUE_KINDS; queue++) {
            if (one->items[1].n > 0 && strcmp(text_of(arena, &one->items[0]), stream(arena, (queue_t) queue)) == 0
                && entry_read(arena, (queue_t) queue, &one->items[1].items[0], &tickets[n])) {
                n++;
            }
        }
    }

    return n;
}


redis_args_t *
queue_take_over(arena_t *arena, queue_t queue, const char *worker, int lease, const char *cursor)
{
    redis_args_t *args = args_new(arena, ARGUMENTS);

    args_add(args, "XAUTOCLAIM");
    args_add(args, stream(arena, queue));
    args_add(args, GROUP);
    args_add(args, worker);
    args_add(args, arena_format(arena, "%d", lease));
    args_add(args, cursor);
    args_add(args, "COUNT");
    args_add(args, "1");

    return args;
}


bool
queue_taken_over(arena_t *arena, queue_t queue, const redis_value_t *answer, ticket_t *ticket, const char **cursor)
{
    *cursor = "0-0";

    if (answer->type != REDIS_LIST || answer->n < 2) {
        return false;
    }

    *cursor = text_of(arena, &answer->items[0]);

    return answer->items[1].n > 0 && entry_read(arena, queue, &answer->items[1].items[0], ticket);
}


redis_args_t *
queue_begin(arena_t *arena, const ticket_t *ticket, const char *worker)
{
    redis_args_t *args = ticket_script(arena, script_begin, ticket, worker);

    args_add(args, queue_now(arena));
    args_add(args, arena_format(arena, "%d", QUEUE_TRIES));
    args_add(args, KEEP_FAILED);

    return args;
}


int
queue_begun(arena_t *arena, const redis_value_t *answer, const char **text)
{
    *text = NULL;

    if (answer->type != REDIS_LIST || answer->n == 0) {
        return 0;
    }

    if (answer->n > 1) {
        *text = text_of(arena, &answer->items[1]);
    }

    return (int) answer->items[0].integer;
}


redis_args_t *
queue_beat(arena_t *arena, const ticket_t *ticket, const char *worker, double progress)
{
    redis_args_t *args = ticket_script(arena, script_beat, ticket, worker);

    args_add(args, arena_format(arena, "%.4f", progress));

    return args;
}


bool
queue_beaten(const redis_value_t *answer)
{
    return answer->type == REDIS_TEXT && strcmp(answer->text, "running") == 0;
}


redis_args_t *
queue_finish(arena_t *arena, const ticket_t *ticket, const char *worker, bool succeeded, const char *message)
{
    redis_args_t *args = ticket_script(arena, script_finish, ticket, worker);

    args_add(args, succeeded ? "succeeded" : "failed");
    args_add(args, message ? message : "");
    args_add(args, queue_now(arena));
    args_add(args, succeeded ? KEEP_SUCCEEDED : KEEP_FAILED);

    return args;
}


redis_args_t *
queue_release(arena_t *arena, const ticket_t *ticket, const char *worker, int lease, int delay, bool uncounted, const char *message)
{
    redis_args_t *args = ticket_script(arena, script_release, ticket, worker);

    args_add(args, arena_format(arena, "%d", delay < lease ? lease - delay : 0));
    args_add(args, uncounted ? "1" : "0");
    args_add(args, message ? message : "");

    return args;
}


redis_args_t *
queue_depth(arena_t *arena, queue_t queue)
{
    redis_args_t *args = args_new(arena, 2);

    args_add(args, "XLEN");
    args_add(args, stream(arena, queue));

    return args;
}


static redis_args_t *
args_new(arena_t *arena, size_t room)
{
    redis_args_t *args = arena_alloc(arena, sizeof(redis_args_t));

    args->argc = 0;
    args->argv = arena_alloc(arena, room * sizeof(char *));
    args->lengths = arena_alloc(arena, room * sizeof(size_t));

    return args;
}


static void
args_add(redis_args_t *args, const char *text)
{
    args->argv[args->argc] = text;
    args->lengths[args->argc++] = strlen(text);
}


static redis_args_t *
script(arena_t *arena, const char *text)
{
    redis_args_t *args = args_new(arena, ARGUMENTS);

    args_add(args, "EVAL");
    args_add(args, text);
    args_add(args, "0");

    return args;
}


static redis_args_t *
ticket_script(arena_t *arena, const char *text, const ticket_t *ticket, const char *worker)
{
    redis_args_t *args = script(arena, text);

    args_add(args, names[ticket->queue]);
    args_add(args, ticket->uid);
    args_add(args, ticket->entry);
    args_add(args, worker);

    return args;
}


static char *
stream(arena_t *arena, queue_t queue)
{
    return arena_format(arena, "tator:queue:%s", names[queue]);
}


/* [id, [name, value, …]] */
static bool
entry_read(arena_t *arena, queue_t queue, const redis_value_t *entry, ticket_t *ticket)
{
    if (entry->type != REDIS_LIST || entry->n < 2 || entry->items[1].n < 2) {
        return false;
    }

    ticket->queue = queue;
    ticket->entry = text_of(arena, &entry->items[0]);
    ticket->uid = text_of(arena, &entry->items[1].items[1]);

    return true;
}


static job_t *
job_read(arena_t *arena, job_t *job, const redis_value_t *fields)
{
    const char          *text;
    const redis_value_t *field = fields->items;

    if (fields->type != REDIS_LIST || fields->n != FIELDS || field[FIELD_UID].type == REDIS_NIL || field[FIELD_SPEC].type == REDIS_NIL) {
        return NULL;
    }

    job->uid = text_of(arena, &field[FIELD_UID]);
    job->gid = text_of(arena, &field[FIELD_GID]);
    job->spec = text_of(arena, &field[FIELD_SPEC]);
    job->status = text_of(arena, &field[FIELD_STATUS]);
    job->message = text_of(arena, &field[FIELD_MESSAGE]);
    job->start_time = text_of(arena, &field[FIELD_START]);
    job->stop_time = text_of(arena, &field[FIELD_STOP]);
    job->user = number_of(&field[FIELD_USER]);
    job->project = number_of(&field[FIELD_PROJECT]);
    job->attempts = (int) number_of(&field[FIELD_ATTEMPTS]);

    text = text_of(arena, &field[FIELD_PROGRESS]);
    job->progress = text != NULL ? strtod(text, NULL) : 0;

    return job;
}


static const char *
text_of(arena_t *arena, const redis_value_t *value)
{
    if (value->type != REDIS_TEXT && value->type != REDIS_STATUS) {
        return NULL;
    }

    return arena_copy(arena, value->text, value->len);
}


static int64_t
number_of(const redis_value_t *value)
{
    if (value->type == REDIS_INTEGER) {
        return value->integer;
    }

    return value->type == REDIS_TEXT ? strtoll(value->text, NULL, 10) : 0;
}
