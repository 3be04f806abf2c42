/*
 * Cookie sessions in the framework's stored format, with their CSRF rules: contract/accounts.md §3.2, §3.4, §3.6. The two
 * cookies are `sessionid`, which names a row of django_session, and `csrftoken`, the secret that changes must repeat.
 */

#ifndef TATOR_SESSION_REQUEST_H
#define TATOR_SESSION_REQUEST_H

#include "../core/rq.h"

/* true: the cookie names a live session of an active user, now in rq->user (by_session). Under /rest a method that changes
   something must then pass the CSRF check, else 403. A cookie that names no session any more is taken away. */
bool session_check(rq_t *rq);

/* Begin a session of the user in place of the request's own, whose cookies and a new CSRF secret go out with the answer.
   `stored` is his password as it is stored now. */
void session_start(rq_t *rq, int64_t user, const char *stored);

/* End the request's session, if any; its cookie is taken away. */
void session_end(rq_t *rq);

/* Whether the request's session has shown no announcements for a day; it then remembers that it does now. */
bool session_announces(rq_t *rq);

/* The token for a form's field csrfmiddlewaretoken; its secret's cookie goes out with the answer. */
const char *session_form_token(rq_t *rq);

/* The CSRF rules for this request. `field` is the form's token, NULL: none. NULL when it passes, else the reason. */
const char *session_csrf_fault(rq_t *rq, const char *field);

#endif
