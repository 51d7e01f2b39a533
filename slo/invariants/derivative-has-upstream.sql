-- name: derivative-has-upstream
-- severity: page
-- owner: data
-- grace: 1m
-- description: A derivative dataset is downstream of at least one other.
SELECT entry.dataset_id AS subject, 'derived from nothing' AS detail
FROM dataset_entries AS entry
WHERE entry.kind = 'derivative' AND entry.created_ns <= :cutoff_ns
    AND NOT EXISTS (
        SELECT 1 FROM dataset_dependencies AS edge
        WHERE edge.downstream_dataset_id = entry.dataset_id
    );
