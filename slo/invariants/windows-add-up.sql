-- name: windows-add-up
-- severity: page
-- owner: data
-- grace: 0s
-- description: The windows of each length add up to the window over all time, less what came too
--   late for them, and less what was counted before they were kept. Windows that are no
--   longer kept are not checked.
WITH sums AS (
    SELECT grain, currency, sum(view_item_list + view_item + search + add_to_cart + remove_from_cart
        + begin_checkout + purchase + refund + custom_events) AS events, sum(units) AS units,
        sum(revenue) AS revenue, sum(refunded) AS refunded
    FROM window_aggregates WHERE category = ''
    GROUP BY grain, currency
),
lengths (grain, rank) AS (
    SELECT '1s', 1 UNION ALL SELECT '1m', 2 UNION ALL SELECT '1h', 3
    UNION ALL SELECT '1d', 4 UNION ALL SELECT '1mo', 5
),
kept AS (
    SELECT lengths.grain,
        (SELECT sum(events) FROM sums WHERE sums.grain = lengths.grain) AS events,
        (
            SELECT count(*) FROM late_events
            JOIN lengths AS missed ON missed.grain = late_events.missed_grain
            WHERE missed.rank >= lengths.rank
        ) AS late,
        coalesce(parts.missing, 0) AS missing
    FROM lengths
    LEFT JOIN kept_parts AS parts ON parts.part = lengths.grain
    WHERE EXISTS (SELECT 1 FROM sums WHERE sums.grain = lengths.grain)
        AND coalesce(parts.is_kept, 1) = 1
),
everything AS (SELECT coalesce(sum(events), 0) AS events FROM sums WHERE grain = 'all')
SELECT 'windows of ' || kept.grain AS subject,
    'they hold ' || kept.events || ' events, ' || kept.late || ' came too late and '
        || kept.missing || ' before they were kept, of ' || everything.events AS detail
FROM kept CROSS JOIN everything
WHERE kept.events + kept.late + kept.missing <> everything.events
UNION ALL
SELECT 'worth of windows of ' || kept.grain
        || CASE WHEN whole.currency = '' THEN '' ELSE ' ' || whole.currency END,
    'they are worth ' || coalesce(part.revenue, 0) || ' less ' || coalesce(part.refunded, 0)
        || ', all time is worth ' || whole.revenue || ' less ' || whole.refunded
FROM kept
JOIN sums AS whole ON whole.grain = 'all'
LEFT JOIN sums AS part ON part.grain = kept.grain AND part.currency = whole.currency
WHERE kept.late = 0 AND kept.missing = 0
    AND (
        coalesce(part.revenue, 0) <> whole.revenue
        OR coalesce(part.refunded, 0) <> whole.refunded
        OR coalesce(part.units, 0) <> whole.units
    );
