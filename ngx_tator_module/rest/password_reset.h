/* Passwords that were forgotten (contract/accounts.md §4.5). */

#ifndef TATOR_PASSWORD_RESET_H
#define TATOR_PASSWORD_RESET_H

#include "../core/rq.h"

/* In the open transaction: a new reset of the user's and the mail with its link, which holds for a day. */
void password_reset_mail(rq_t *rq, int64_t user, const char *email);

#endif
