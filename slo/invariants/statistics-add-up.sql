-- name: statistics-add-up
-- severity: ticket
-- owner: data
-- grace: 0s
-- description: The statistics of a dataset count the records of its data blocks, and all blocks.
SELECT kept.dataset_id AS subject,
    'statistics say ' || min(kept.num_records) || ' records in ' || min(kept.num_blocks)
        || ' blocks, the chain has ' || coalesce(min(chain.records), 0) || ' in '
        || coalesce(min(chain.blocks), 0) AS detail
FROM dataset_statistics AS kept
LEFT JOIN (
    SELECT dataset_id, sum(records) AS records, sum(blocks) AS blocks
    FROM (
        SELECT dataset_id, 0 AS records, count(*) AS blocks
        FROM dataset_key_blocks GROUP BY dataset_id
        UNION ALL
        SELECT dataset_id, sum(num_records), count(*)
        FROM dataset_data_blocks GROUP BY dataset_id
    ) AS parts
    GROUP BY dataset_id
) AS chain ON chain.dataset_id = kept.dataset_id
WHERE kept.num_records <> coalesce(chain.records, 0)
    OR kept.num_blocks <> coalesce(chain.blocks, 0)
GROUP BY kept.dataset_id;
