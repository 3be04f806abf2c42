/*
 * Metrics of the daemon.
 */

#include <stdatomic.h>

#include "figures.h"

static const char *const ending_names[ENDINGS] = {"succeeded", "failed", "canceled", "retried", "returned"};

static struct {
    atomic_long  endings[ENDINGS], failures[FAULT_KINDS];
    atomic_long  taken, taken_over, running;                /* by this daemon */
    atomic_llong waited, spent, stages[STAGES], played, worked; /* milliseconds; worked: for what was played */
    atomic_long  waiting_in_all, running_in_all, age;
} figures[QUEUE_KINDS];


static void counter(FILE *out, const char *name, const char *help);


const char *
ending_name(ending_t ending)
{
    return ending_names[ending];
}


void
figures_begun(const taken_t *taken)
{
    queue_t queue = taken->ticket.queue;

    figures[queue].taken++;
    figures[queue].running++;
    figures[queue].taken_over += taken->abandoned;

    if (taken->attempt == 1) {
        figures[queue].waited += taken->waited;
    }
}


void
figures_ended(const slot_t *slot, ending_t ending)
{
    int     stage;
    queue_t queue = slot->ticket.queue;

    figures[queue].endings[ending]++;
    figures[queue].running--;
    figures[queue].spent += (long long) ((seconds_now() - slot->begun) * 1000);

    for (stage = 0; stage < STAGES; stage++) {
        figures[queue].stages[stage] += (long long) (slot->stages[stage] * 1000);
    }

    if (ending == ENDED_SUCCEEDED && slot->played > 0) {
        figures[queue].played += (long long) (slot->played * 1000);
        figures[queue].worked += (long long) ((seconds_now() - slot->begun) * 1000);
    }

    if (ending == ENDED_FAILED) {
        figures[queue].failures[slot->kind]++;
    }
}


void
figures_abandoned(queue_t queue)
{
    figures[queue].endings[ENDED_FAILED]++;
    figures[queue].failures[FAULT_CRASH]++;
}


void
figures_depth(queue_t queue, int64_t waiting, int64_t running, int64_t age)
{
    figures[queue].waiting_in_all = waiting;
    figures[queue].running_in_all = running;
    figures[queue].age = age;
}


void
figures_write(FILE *out)
{
    int k, i;

    counter(out, "jobs_total", "Jobs by how they ended");
    for (k = 0; k < QUEUE_KINDS; k++) {
        for (i = 0; i < ENDINGS; i++) {
            fprintf(out, "tator_transcode_jobs_total{queue=\"%s\",ending=\"%s\"} %ld\n", queue_name((queue_t) k),
                    ending_names[i], atomic_load(&figures[k].endings[i]));
        }
    }

    counter(out, "failures_total", "Failed jobs by what went wrong");
    for (k = 0; k < QUEUE_KINDS; k++) {
        for (i = 0; i < FAULT_KINDS; i++) {
            fprintf(out, "tator_transcode_failures_total{queue=\"%s\",kind=\"%s\"} %ld\n", queue_name((queue_t) k),
                    fault_kind_name((fault_kind_t) i), atomic_load(&figures[k].failures[i]));
        }
    }

    counter(out, "stage_seconds_total", "Seconds that jobs spent, by stage; wait is the time in the queue");
    for (k = 0; k < QUEUE_KINDS; k++) {
        fprintf(out, "tator_transcode_stage_seconds_total{queue=\"%s\",stage=\"wait\"} %.3f\n", queue_name((queue_t) k),
                (double) atomic_load(&figures[k].waited) / 1000);

        for (i = 0; i < STAGES; i++) {
            fprintf(out, "tator_transcode_stage_seconds_total{queue=\"%s\",stage=\"%s\"} %.3f\n", queue_name((queue_t) k),
                    stage_name((stage_t) i), (double) atomic_load(&figures[k].stages[i]) / 1000);
        }
    }

    /* Metrics with one value a queue. */
    const struct {
        const char *name, *type, *help;
        double      value[QUEUE_KINDS];
    } plain[] = {
#define BOTH(member, unit) {(double) atomic_load(&figures[0].member) / (unit), (double) atomic_load(&figures[1].member) / (unit)}
        {"seconds_total", "counter", "Seconds that jobs took", BOTH(spent, 1000)},
        {"played_seconds_total", "counter", "Seconds of video that were made playable", BOTH(played, 1000)},
        {"worked_seconds_total", "counter", "Seconds that it took; played over worked is the speed", BOTH(worked, 1000)},
        {"taken_over_total", "counter", "Jobs of workers that are gone", BOTH(taken_over, 1)},
        {"running", "gauge", "Jobs that run here", BOTH(running, 1)},
        {"queue_waiting", "gauge", "Jobs that wait", BOTH(waiting_in_all, 1)},
        {"queue_running", "gauge", "Jobs that run anywhere", BOTH(running_in_all, 1)},
        {"queue_age_seconds", "gauge", "How long the oldest job has been waiting", BOTH(age, 1000)},
#undef BOTH
    };

    for (i = 0; i < (int) (sizeof(plain) / sizeof(plain[0])); i++) {
        fprintf(out, "# HELP tator_transcode_%s %s.\n# TYPE tator_transcode_%s %s\n", plain[i].name, plain[i].help,
                plain[i].name, plain[i].type);

        for (k = 0; k < QUEUE_KINDS; k++) {
            fprintf(out, "tator_transcode_%s{queue=\"%s\"} %.10g\n", plain[i].name, queue_name((queue_t) k), plain[i].value[k]);
        }
    }
}


static void
counter(FILE *out, const char *name, const char *help)
{
    fprintf(out, "# HELP tator_transcode_%s %s.\n# TYPE tator_transcode_%s counter\n", name, help, name);
}
