-- name: root-has-no-upstream
-- severity: page
-- owner: data
-- grace: 0s
-- description: A root dataset has no upstream dataset.
SELECT entry.dataset_id AS subject,
    'derived from ' || min(edge.upstream_dataset_id) AS detail
FROM dataset_entries AS entry
JOIN dataset_dependencies AS edge ON edge.downstream_dataset_id = entry.dataset_id
WHERE entry.kind = 'root'
GROUP BY entry.dataset_id;
