-- name: known-datasets
-- severity: ticket
-- owner: data
-- grace: 0s
-- description: Everything with a reference, statistics, key blocks or an upstream dataset is a dataset.
--   An upstream dataset may be in another warehouse.
SELECT dataset_id AS subject, 'known to ' || min(place) || ', but not an entry' AS detail
FROM (
    SELECT dataset_id, 'dataset_references' AS place FROM dataset_references
    UNION ALL SELECT dataset_id, 'dataset_statistics' FROM dataset_statistics
    UNION ALL SELECT dataset_id, 'dataset_key_blocks' FROM dataset_key_blocks
    UNION ALL SELECT downstream_dataset_id, 'dataset_dependencies' FROM dataset_dependencies
) AS known
WHERE NOT EXISTS (
    SELECT 1 FROM dataset_entries AS entry WHERE entry.dataset_id = known.dataset_id
)
GROUP BY dataset_id;
