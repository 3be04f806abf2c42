/*
 * Maintenance: what the cron worker runs by schedule and operators by hand, as `tator-admin NAME` (contract/operations.md §13, §16). Each job
 * works in small steps of its own, so that nothing else waits for it, and may be interrupted, repeated, and run twice at the same time.
 */

#ifndef TATOR_JOBS_H
#define TATOR_JOBS_H

#include <signal.h>

#include "common/database.h"

typedef struct {
    database_t   *database;
    const config_t *config;
    const char *(*option)(void *data, const char *name); /* the value after --NAME, NULL: not given */
    void         *data;
} work_t;

typedef struct {
    const char *name, *usage, *doc;
    int         hour, minute; /* of its runs, UTC; EVERY; hour NEVER: by hand alone */
    int       (*run)(work_t *work); /* an exit status */
} maintenance_t;

#define EVERY (-1)
#define NEVER (-2)

extern const maintenance_t maintenance_jobs[]; /* ends with a row without name */

/* Set by a signal: jobs end after their current step. */
extern volatile sig_atomic_t jobs_stopping;

/* NULL: there is no such job. */
const maintenance_t *maintenance_find(const char *name);

/* --- what they share ------------------------------------------------------------------------------------------------------- */

/* A whole number option, its default when it is not given, -1 (said on stderr) when it is none. */
long work_number(work_t *work, const char *name, long otherwise);

/* Delete rows with all that hangs on them, in one transaction; `ids` is an array's text. How many went, -1: it failed (logged). Stored objects
   of media and files among them, when nobody else holds them, go after it. */
int64_t work_delete(work_t *work, arena_t *arena, const char *table, const char *ids);

/* --- the jobs ---------------------------------------------------------------------------------------------------------------- */

int job_abort_uploads(work_t *work);
int job_announce(work_t *work);
int job_disable_inactive_users(work_t *work);
int job_drop_projects(work_t *work);
int job_expire_announcements(work_t *work);
int job_expire_invitations(work_t *work);
int job_expire_outbox(work_t *work);
int job_expire_password_resets(work_t *work);
int job_expire_sessions(work_t *work);
int job_get_projects(work_t *work);
int job_prune_files(work_t *work);
int job_prune_leaves(work_t *work);
int job_prune_localizations(work_t *work);
int job_prune_media(work_t *work);
int job_prune_states(work_t *work);
int job_prune_temporary_files(work_t *work);
int job_update_projects(work_t *work);

#endif
