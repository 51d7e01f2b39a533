-- name: kept-from-the-start
-- severity: ticket
-- owner: data
-- grace: 0s
-- description: Kept windows and distinct counts hold everything that was counted, and all of them
--   are kept. Windows and distinct counts that a pipeline begins to keep, or keeps again, are filled
--   from shorter windows; those of shorter ones cannot be, nor can sales by product.
SELECT part AS subject,
    CASE
        WHEN is_kept = 0 THEN 'it is no longer kept, and lacks what was counted after the first '
            || paused_at || ' events; have the pipeline keep it again'
        WHEN missing > 0
        THEN 'it lacks ' || missing || ' events that were counted before it was kept'
        -- Of an earlier version.
        ELSE 'its distinct counts lack what came before it was kept'
    END AS detail
FROM kept_parts
WHERE (is_kept = 1 AND (missing > 0 OR lacks_distinct <> 0)) OR (
    is_kept = 0 AND paused_at > 0 AND (
        EXISTS (SELECT 1 FROM window_aggregates WHERE window_aggregates.grain = kept_parts.part)
        OR (part = 'distinct' AND EXISTS (SELECT 1 FROM distinct_hashes))
        OR EXISTS (
            SELECT 1 FROM distinct_hashes
            WHERE kept_parts.part = 'distinct ' || grain
                || CASE WHEN category = '' THEN '' ELSE ' by category' END
        )
        OR (part = 'products' AND EXISTS (SELECT 1 FROM product_sales))
    )
);
