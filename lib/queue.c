/*
 * Commands and answers of the queue.
 */

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tator/queue.h>

#define KEEP_SUCCEEDED "500"
#define KEEP_FAILED    "31536000"
#define ARGUMENTS      24

enum { FIELD_UID, FIELD_GID, FIELD_SPEC, FIELD_STATUS, FIELD_MESSAGE, FIELD_USER, FIELD_PROJECT, FIELD_START, FIELD_STOP, FIELD_PROGRESS,
       FIELD_ATTEMPTS, FIELDS };

#define FIELD_NAMES "'uid','gid','spec','status','message','user','project','start_time','stop_time','progress','attempts'"

static const char *const names[] = {"transcodes", "images"};

/* What every script begins with: the queue's name is the first argument. Times are microseconds of Redis' clock. */
#define QUEUE                                                                                 \
    "local queue = 'tator:queue:' .. ARGV[1]\n"                                               \
    "local function now()\n"                                                                  \
    "    local time = redis.call('TIME')\n"                                                   \
    "    return time[1] * 1000000 + time[2]\n"                                                \
    "end\n"                                                                                   \
    "local function text(number) return string.format('%.0f', number) end\n"                  \
    "local function wait(owner, uid, from)\n"                                                 \
    "    redis.call('ZADD', queue .. ':waiting:' .. owner, text(from), uid)\n"                \
    "    redis.call('SADD', queue .. ':owners', owner)\n"                                     \
    "end\n"                                                                                   \
    "local function leave(owner, uid)\n"                                                      \
    "    redis.call('ZREM', queue .. ':waiting:' .. owner, uid)\n"                            \
    "    if redis.call('EXISTS', queue .. ':waiting:' .. owner) == 0 then\n"                  \
    "        redis.call('SREM', queue .. ':owners', owner)\n"                                 \
    "    end\n"                                                                               \
    "end\n"                                                                                   \
    "local function wake()\n"                                                                 \
    "    redis.call('LPUSH', queue .. ':wake', '1')\n"                                        \
    "    redis.call('LTRIM', queue .. ':wake', 0, 15)\n"                                      \
    "    redis.call('EXPIRE', queue .. ':wake', 60)\n"                                        \
    "end\n"

/* queue uid gid spec user project now indexed keep organization */
static const char script_enqueue[] =
    QUEUE
    "local job = 'tator:job:' .. ARGV[2]\n"
    "local status = redis.call('HGET', job, 'status')\n"
    "if status == 'pending' or status == 'running' then return 0 end\n"
    "local owner, entered = ARGV[10] .. '/' .. ARGV[5], now()\n"
    "redis.call('DEL', job)\n"
    "redis.call('HSET', job, 'uid', ARGV[2], 'gid', ARGV[3], 'spec', ARGV[4], 'status', 'pending', 'user', ARGV[5], 'project', ARGV[6],\n"
    "    'start_time', ARGV[7], 'progress', '0', 'attempts', '0', 'queue', ARGV[1], 'owner', owner, 'entered', text(entered))\n"
    "if ARGV[8] == '1' then\n"
    "    for _, index in ipairs({'project:' .. ARGV[6], 'gid:' .. ARGV[3]}) do\n"
    "        redis.call('ZADD', 'tator:jobs:' .. index, text(entered), ARGV[2])\n"
    "        redis.call('EXPIRE', 'tator:jobs:' .. index, ARGV[9])\n"
    "    end\n"
    "end\n"
    "wait(owner, ARGV[2], entered)\n"
    "wake()\n"
    "return 1\n";

/* index */
static const char script_list[] =
    "local index, jobs = 'tator:jobs:' .. ARGV[1], {}\n"
    "for _, uid in ipairs(redis.call('ZRANGE', index, 0, -1)) do\n"
    "    local job = redis.call('HMGET', 'tator:job:' .. uid, " FIELD_NAMES ")\n"
    "    if job[1] and job[4] ~= 'canceled' then jobs[#jobs + 1] = job else redis.call('ZREM', index, uid) end\n"
    "end\n"
    "return jobs\n";

/* now keep uid… A running job stays among the running ones until its worker has ended it. */
static const char script_cancel[] =
    "local results = {}\n"
    "for i = 3, #ARGV do\n"
    "    local job = 'tator:job:' .. ARGV[i]\n"
    "    local facts = redis.call('HMGET', job, 'status', 'owner', 'queue', 'project', 'gid')\n"
    "    if not facts[1] then results[#results + 1] = 0\n"
    "    elseif facts[1] == 'canceled' then results[#results + 1] = -1\n"
    "    else\n"
    "        if facts[1] == 'pending' then\n"
    "            redis.call('ZREM', 'tator:queue:' .. facts[3] .. ':waiting:' .. facts[2], ARGV[i])\n"
    "        end\n"
    "        redis.call('HSET', job, 'status', 'canceled', 'stop_time', ARGV[1])\n"
    "        redis.call('EXPIRE', job, ARGV[2])\n"
    "        redis.call('ZREM', 'tator:jobs:project:' .. facts[4], ARGV[i])\n"
    "        redis.call('ZREM', 'tator:jobs:gid:' .. facts[5], ARGV[i])\n"
    "        results[#results + 1] = 1\n"
    "    end\n"
    "end\n"
    "return results\n";

/* queue worker lease now tries keep. Jobs whose lease has run out first, then the next one of whoever has least. */
static const char script_take[] =
    QUEUE
    "local time, failed = now(), {}\n"
    "for _, uid in ipairs(redis.call('ZRANGEBYSCORE', queue .. ':running', '-inf', text(time), 'LIMIT', 0, 16)) do\n"
    "    local job = 'tator:job:' .. uid\n"
    "    local facts = redis.call('HMGET', job, 'status', 'attempts', 'message', 'owner', 'entered')\n"
    "    redis.call('ZREM', queue .. ':running', uid)\n"
    "    if facts[1] == 'running' and tonumber(facts[2]) >= tonumber(ARGV[5]) then\n"
    "        local message = 'given up after ' .. ARGV[5] .. ' tries: ' .. (facts[3] or 'its worker ended each time')\n"
    "        redis.call('HSET', job, 'status', 'failed', 'message', message, 'stop_time', ARGV[4])\n"
    "        redis.call('EXPIRE', job, ARGV[6])\n"
    "        failed[#failed + 1] = uid\n"
    "        failed[#failed + 1] = message\n"
    "    elseif facts[1] == 'running' then\n"
    "        redis.call('HSET', job, 'status', 'pending', 'worker', '', 'progress', '0', 'abandoned', '1')\n"
    "        wait(facts[4], uid, facts[5])\n"
    "    end\n"
    "end\n"
    "local running, chosen, best = {}, nil, nil\n"
    "for _, uid in ipairs(redis.call('ZRANGE', queue .. ':running', 0, -1)) do\n"
    "    local owner = redis.call('HGET', 'tator:job:' .. uid, 'owner') or ''\n"
    "    for _, name in ipairs({owner, string.match(owner, '^[^/]*')}) do running[name] = (running[name] or 0) + 1 end\n"
    "end\n"
    "for _, owner in ipairs(redis.call('SMEMBERS', queue .. ':owners')) do\n"
    "    local first = redis.call('ZRANGEBYSCORE', queue .. ':waiting:' .. owner, '-inf', text(time), 'LIMIT', 0, 1)[1]\n"
    "    if first then\n"
    "        local organization = string.match(owner, '^[^/]*')\n"
    "        local served = redis.call('HMGET', queue .. ':served', organization, owner)\n"
    "        local rank = {running[organization] or 0, tonumber(served[1] or 0), running[owner] or 0, tonumber(served[2] or 0)}\n"
    "        local better = best == nil\n"
    "        for i = 1, 4 do\n"
    "            if best == nil or rank[i] ~= best[i] then better = best == nil or rank[i] < best[i] break end\n"
    "        end\n"
    "        if better then best, chosen = rank, {owner, first, organization} end\n"
    "    elseif redis.call('EXISTS', queue .. ':waiting:' .. owner) == 0 then\n"
    "        redis.call('SREM', queue .. ':owners', owner)\n"
    "    end\n"
    "end\n"
    "if redis.call('SCARD', queue .. ':owners') == 0 then redis.call('DEL', queue .. ':served') end\n"
    "if not chosen then return {failed} end\n"
    "local job = 'tator:job:' .. chosen[2]\n"
    "local facts = redis.call('HMGET', job, 'status', 'attempts', 'spec', 'abandoned', 'entered')\n"
    "leave(chosen[1], chosen[2])\n"
    "if facts[1] ~= 'pending' then return {failed} end\n"
    "local attempt = tonumber(facts[2]) + 1\n"
    "redis.call('HSET', queue .. ':served', chosen[1], text(time), chosen[3], text(time))\n"
    "redis.call('ZADD', queue .. ':running', text(time + ARGV[3] * 1000), chosen[2])\n"
    "redis.call('HSET', job, 'status', 'running', 'worker', ARGV[2], 'attempts', attempt, 'progress', '0')\n"
    "redis.call('HDEL', job, 'abandoned')\n"
    "return {failed, chosen[2], attempt, facts[3], facts[4] and 1 or 0, math.floor((time - facts[5]) / 1000)}\n";

/* queue uid worker lease progress */
static const char script_beat[] =
    QUEUE
    "local job = 'tator:job:' .. ARGV[2]\n"
    "local facts = redis.call('HMGET', job, 'status', 'worker')\n"
    "if not facts[1] or facts[2] ~= ARGV[3] then return 'lost' end\n"
    "if facts[1] ~= 'running' then return facts[1] end\n"
    "redis.call('ZADD', queue .. ':running', text(now() + ARGV[4] * 1000), ARGV[2])\n"
    "redis.call('HSET', job, 'progress', ARGV[5])\n"
    "return 'running'\n";

/* queue uid worker status message now keep */
static const char script_finish[] =
    QUEUE
    "local job = 'tator:job:' .. ARGV[2]\n"
    "local facts = redis.call('HMGET', job, 'status', 'worker')\n"
    "if facts[1] and facts[2] ~= ARGV[3] then return 0 end\n"
    "redis.call('ZREM', queue .. ':running', ARGV[2])\n"
    "if facts[1] ~= 'running' then return 0 end\n"
    "redis.call('HSET', job, 'status', ARGV[4], 'stop_time', ARGV[6])\n"
    "if ARGV[5] ~= '' then redis.call('HSET', job, 'message', ARGV[5]) else redis.call('HDEL', job, 'message') end\n"
    "if ARGV[4] == 'succeeded' then redis.call('HSET', job, 'progress', '1') end\n"
    "redis.call('EXPIRE', job, ARGV[7])\n"
    "return 1\n";

/* queue uid worker delay uncounted message */
static const char script_release[] =
    QUEUE
    "local job = 'tator:job:' .. ARGV[2]\n"
    "local facts = redis.call('HMGET', job, 'status', 'worker', 'owner', 'entered')\n"
    "if facts[1] and facts[2] ~= ARGV[3] then return 0 end\n"
    "redis.call('ZREM', queue .. ':running', ARGV[2])\n"
    "if facts[1] ~= 'running' then return 0 end\n"
    "redis.call('HSET', job, 'status', 'pending', 'worker', '', 'progress', '0')\n"
    "if ARGV[5] == '1' then redis.call('HINCRBY', job, 'attempts', -1) end\n"
    "if ARGV[6] ~= '' then redis.call('HSET', job, 'message', ARGV[6]) end\n"
    "if ARGV[4] == '0' then\n"
    "    wait(facts[3], ARGV[2], facts[4])\n"
    "    wake()\n"
    "else\n"
    "    wait(facts[3], ARGV[2], now() + ARGV[4] * 1000)\n"
    "end\n"
    "return 1\n";

/* queue */
static const char script_depth[] =
    QUEUE
    "local waiting, first, time = 0, nil, now()\n"
    "for _, owner in ipairs(redis.call('SMEMBERS', queue .. ':owners')) do\n"
    "    waiting = waiting + redis.call('ZCARD', queue .. ':waiting:' .. owner)\n"
    "    local entry = redis.call('ZRANGE', queue .. ':waiting:' .. owner, 0, 0, 'WITHSCORES')\n"
    "    if entry[2] and (not first or tonumber(entry[2]) < first) then first = tonumber(entry[2]) end\n"
    "end\n"
    "local age = first and math.max(0, math.floor((time - first) / 1000)) or 0\n"
    "return {waiting, redis.call('ZCARD', queue .. ':running'), age}\n";


static redis_args_t *args_new(arena_t *arena, size_t room);
static void          args_add(redis_args_t *args, const char *text);
static redis_args_t *script(arena_t *arena, const char *text);
static redis_args_t *ticket_script(arena_t *arena, const char *text, const ticket_t *ticket, const char *worker);
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
    args_add(args, arena_format(arena, "%ld", (long) job->organization));

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
queue_wait(arena_t *arena, const bool queues[QUEUE_KINDS], int seconds)
{
    int           queue;
    redis_args_t *args = args_new(arena, ARGUMENTS);

    args_add(args, "BLPOP");

    for (queue = 0; queue < QUEUE_KINDS; queue++) {
        if (queues[queue]) {
            args_add(args, arena_format(arena, "tator:queue:%s:wake", names[queue]));
        }
    }

    args_add(args, arena_format(arena, "%d", seconds));

    return args;
}


redis_args_t *
queue_take(arena_t *arena, queue_t queue, const char *worker, int lease)
{
    redis_args_t *args = script(arena, script_take);

    args_add(args, names[queue]);
    args_add(args, worker);
    args_add(args, arena_format(arena, "%d", lease));
    args_add(args, queue_now(arena));
    args_add(args, arena_format(arena, "%d", QUEUE_TRIES));
    args_add(args, KEEP_FAILED);

    return args;
}


bool
queue_taken(arena_t *arena, queue_t queue, const redis_value_t *answer, taken_t *taken)
{
    size_t               i;
    const redis_value_t *failed;

    memset(taken, 0, sizeof(taken_t));

    if (answer->type != REDIS_LIST || answer->n == 0) {
        return false;
    }

    failed = &answer->items[0];
    taken->failed = arena_zalloc(arena, (failed->n + 1) * sizeof(char *));

    for (i = 0; failed->type == REDIS_LIST && i + 1 < failed->n; i += 2) {
        taken->failed[taken->n_failed++] = text_of(arena, &failed->items[i]);
        taken->failed[taken->n_failed++] = text_of(arena, &failed->items[i + 1]);
    }

    if (answer->n < 6) {
        return false;
    }

    taken->ticket = (ticket_t) {.queue = queue, .uid = text_of(arena, &answer->items[1])};
    taken->attempt = (int) number_of(&answer->items[2]);
    taken->spec = text_of(arena, &answer->items[3]);
    taken->abandoned = number_of(&answer->items[4]) == 1;
    taken->waited = number_of(&answer->items[5]);

    return taken->ticket.uid != NULL && taken->spec != NULL;
}


redis_args_t *
queue_beat(arena_t *arena, const ticket_t *ticket, const char *worker, int lease, double progress)
{
    redis_args_t *args = ticket_script(arena, script_beat, ticket, worker);

    args_add(args, arena_format(arena, "%d", lease));
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
queue_release(arena_t *arena, const ticket_t *ticket, const char *worker, int delay, bool uncounted, const char *message)
{
    redis_args_t *args = ticket_script(arena, script_release, ticket, worker);

    args_add(args, arena_format(arena, "%d", delay));
    args_add(args, uncounted ? "1" : "0");
    args_add(args, message ? message : "");

    return args;
}


redis_args_t *
queue_depth(arena_t *arena, queue_t queue)
{
    redis_args_t *args = script(arena, script_depth);

    args_add(args, names[queue]);

    return args;
}


bool
queue_depths(const redis_value_t *answer, int64_t *waiting, int64_t *running, int64_t *age)
{
    if (answer->type != REDIS_LIST || answer->n != 3) {
        return false;
    }

    *waiting = answer->items[0].integer;
    *running = answer->items[1].integer;
    *age = answer->items[2].integer;

    return true;
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
    args_add(args, worker);

    return args;
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
