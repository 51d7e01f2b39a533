-- name: counted-once
-- severity: ticket
-- owner: data
-- grace: 5m
-- needs: census
-- description: No event is counted twice: the window over all time holds at most
--   as many as the raw stores have identities. A
--   run that was killed may have counted what it had not stored yet: run its log again.
SELECT 'all time' AS subject,
    'the windows hold ' || windows.events || ' events, and the raw stores have '
        || stored.identities || ' different ones' AS detail
FROM (
    SELECT coalesce(sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
        + begin_checkout + purchase + refund + custom_events), 0) AS events
    FROM window_aggregates WHERE grain = 'all' AND category = ''
) AS windows
CROSS JOIN (
    SELECT census.counted, census.events - (
        SELECT count(*) FROM raw_census_findings WHERE kind = 'repeated'
    ) AS identities
    FROM raw_census AS census
) AS stored
WHERE windows.events > stored.identities AND windows.events = stored.counted
    AND NOT EXISTS (
        SELECT 1 FROM dataset_statistics AS kept
        JOIN dataset_entries AS entry ON entry.dataset_id = kept.dataset_id
        WHERE entry.kind = 'derivative' AND kept.updated_ns > :cutoff_ns
    );
