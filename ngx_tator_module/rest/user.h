/* New users, for POST Users and for the registration page (contract/accounts.md §4.2, §4.4). */

#ifndef TATOR_USER_H
#define TATOR_USER_H

#include "../core/rq.h"

typedef struct {
    const char *username, *first_name, *last_name, *email, *password;
    const char *token;      /* of an invitation; NULL: none */
    int64_t     invitation; /* filled by user_fault() */
    const char *wrong;      /* by that, too: the member that its text is about; NULL: none */
    bool        known;      /* somebody else vouches for the address: no confirmation */
} user_new_t;

/* Why there can be no such user: a text for people; NULL: nothing is in the way. */
const char *user_fault(rq_t *rq, user_new_t *user);

/* The id that user_insert() will need; pictures are stored under it before the transaction. */
int64_t user_id_new(rq_t *rq);

/* In the open transaction: the user, his own organization or the one that he is invited to, and the mails about it. `stored` is his
   password as login_stored() made it. */
void user_insert(rq_t *rq, int64_t id, const user_new_t *user, const char *stored, const json_t *profile);

/* Somebody whom another authority let in, under a name that he may have here already: his id. In a transaction of its own. He has no
   password. */
int64_t user_arrives(rq_t *rq, user_new_t *user);

/* In the open transaction: use up a reset of the user's password and set the new one. false: there is no such reset, or it is too old. */
bool user_reset_password(rq_t *rq, int64_t id, const char *token, const char *stored);

/* In the open transaction: the user becomes active who has this token. false: nobody waits for it. */
bool user_confirm(rq_t *rq, const char *token);

/* Without spaces around it. */
const char *user_trimmed(rq_t *rq, const char *text);

#endif
