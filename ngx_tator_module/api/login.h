/*
 * Passwords of requests: log-in with its lockout (contract/accounts.md §3.5), and new stored passwords. Both work in a thread,
 * since a hash costs a good part of a second.
 */

#ifndef TATOR_LOGIN_H
#define TATOR_LOGIN_H

#include "../core/rq.h"

typedef struct {
    int64_t     id;
    const char *stored; /* the password as it is stored now */
} login_t;

/* Check a name (in any case) and a password. A success sets last_login, clears the failures and stores an outdated hash anew; a
   failure counts. After three failures everything fails until ten minutes have passed without an attempt. Not within a transaction:
   a failure must be kept whatever follows. */
bool login_try(rq_t *rq, const char *username, const char *password, login_t *login);

/* What to store for a new password. */
const char *login_stored(rq_t *rq, const char *password);

#endif
