-- name: statistics
-- severity: ticket
-- owner: data
-- grace: 1m
-- description: Every dataset has statistics.
SELECT entry.dataset_id AS subject, 'no statistics' AS detail
FROM dataset_entries AS entry
WHERE entry.created_ns <= :cutoff_ns
    AND NOT EXISTS (
        SELECT 1 FROM dataset_statistics AS kept WHERE kept.dataset_id = entry.dataset_id
    );
