-- name: conservation
-- severity: page
-- owner: data
-- grace: 0s
-- description: Everything that a subscription has consumed is counted, once, and recorded: the
--   window over all time holds as many events as progress and counted events say, and so do the
--   blocks of its chain. A warehouse that was begun before there was a catalogue has blocks for
--   less.
WITH consumed AS (
    SELECT subscription, sum(events) AS events
    FROM (
        SELECT subscription, sum(last_offset - first_offset + 1) AS events
        FROM progress GROUP BY subscription
        UNION ALL
        SELECT subscription, count(*) FROM counted_events GROUP BY subscription
        UNION ALL
        SELECT subscription, 0 FROM watermarks GROUP BY subscription
    ) AS parts
    GROUP BY subscription
)
SELECT 'all time' AS subject,
    'the windows hold ' || windows.events || ' events, consumed are ' || everything.events
        AS detail
FROM (
    SELECT coalesce(sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
        + begin_checkout + purchase + refund + custom_events), 0) AS events
    FROM window_aggregates WHERE grain = 'all' AND category = ''
) AS windows
CROSS JOIN (SELECT coalesce(sum(events), 0) AS events FROM consumed) AS everything
WHERE windows.events <> everything.events
UNION ALL
SELECT consumed.subscription,
    'its blocks hold ' || kept.num_records || ' events, consumed are ' || consumed.events
FROM consumed
JOIN dataset_entries AS entry
    ON entry.kind = 'derivative' AND entry.dataset_name = consumed.subscription
JOIN dataset_statistics AS kept ON kept.dataset_id = entry.dataset_id
WHERE kept.num_records <> consumed.events;
