-- name: counted-events-stored
-- severity: ticket
-- owner: data
-- grace: 5m
-- needs: census
-- description: Every counted event is stored. A run that was killed may have counted what it had not
--   stored yet: run its log again; the shopper model makes other events each time.
SELECT finding.subject AS subject, finding.detail AS detail
FROM raw_census_findings AS finding
CROSS JOIN raw_census AS census
WHERE finding.kind = 'unstored'
    AND census.counted = (
        SELECT coalesce(sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
            + begin_checkout + purchase + refund + custom_events), 0)
        FROM window_aggregates WHERE grain = 'all' AND category = ''
    )
    AND NOT EXISTS (
        SELECT 1 FROM dataset_statistics AS kept
        JOIN dataset_entries AS entry ON entry.dataset_id = kept.dataset_id
        WHERE entry.kind = 'derivative' AND kept.updated_ns > :cutoff_ns
    );
