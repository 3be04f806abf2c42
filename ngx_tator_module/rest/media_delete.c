/*
 * Deleting media: soft, with the annotations that lie on them (contract/annotations.md §5.7).
 */

#include "../api/delete.h"
#include "media.h"

static void media_delete_with_annotations(rq_t *rq, const char *ids);
static void media_delete_found(rq_t *rq, const char *entity, const result_t *found);


void
media_delete(rq_t *rq)
{
    int64_t id = param_int(rq, "id", 0);

    tx_begin(rq);
    media_delete_with_annotations(rq, sql_int_array(rq->arena, &id, 1));
    tx_commit(rq);

    reply_message(rq, 200, "Media %ld successfully deleted!", (long) id);
}


void
media_delete_list(rq_t *rq)
{
    media_selection_t media;

    tx_begin(rq);
    media = media_selected(rq, 0, "delete");
    if (media.n > 0) {
        media_delete_with_annotations(rq, media.array);
    }
    tx_commit(rq);

    reply_message(rq, 200, "Successfully deleted %ld medias!", (long) media.n);
}


/* A state that spans several media lives until the last of them goes. */
static void
media_delete_with_annotations(rq_t *rq, const char *ids)
{
    delete_softly(rq, "media", ids);

    media_delete_found(rq, "state",
                       pg_query(rq,
                                "SELECT array_agg(s.id ORDER BY s.id) FROM main_state s"
                                " WHERE s.project = %ld AND NOT s.deleted"
                                "   AND s.id IN (SELECT l.state_id FROM main_state_media l WHERE l.media_id = ANY(%s::int[]))"
                                "   AND NOT EXISTS (SELECT 1 FROM main_state_media l JOIN main_media m ON m.id = l.media_id"
                                "                   WHERE l.state_id = s.id AND NOT m.deleted)",
                                rq->project, ids));

    media_delete_found(rq, "localization",
                       pg_query(rq,
                                "SELECT array_agg(l.id ORDER BY l.id) FROM main_localization l"
                                " WHERE l.project = %ld AND NOT l.deleted AND l.media = ANY(%s::int[])",
                                rq->project, ids));
}


static void
media_delete_found(rq_t *rq, const char *entity, const result_t *found)
{
    if (!pg_null(found, 0, 0)) {
        delete_softly(rq, entity, pg_text(found, 0, 0));
    }
}
